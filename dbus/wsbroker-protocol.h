/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The names, codes and framing that the service and every client of it share. This header is all that
 * daemon/ and client-lib/ have in common; it is installed, so that a binding in another language can be
 * checked against it. The D-Bus interface itself is in org.wsbroker1.*.xml beside it.
 */

#ifndef WSBROKER_PROTOCOL_H
#define WSBROKER_PROTOCOL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WSB_BUS_NAME            "org.wsbroker1"
#define WSB_MANAGER_PATH        "/org/wsbroker1"
#define WSB_WEBSOCKET_PATH      "/org/wsbroker1/websocket" /* children are /<id> */
#define WSB_MANAGER_INTERFACE   "org.wsbroker1.Manager"
#define WSB_WEBSOCKET_INTERFACE "org.wsbroker1.WebSocket"

/* D-Bus errors are this prefix and the name given beside each code below; their message begins with the
 * code in decimal, a colon and a blank. */
#define WSB_ERROR_PREFIX "org.wsbroker1.Error."

/* The codes of the webSocket API. */
typedef enum wsb_code {
    WSB_CODE_OK = 0,
    WSB_CODE_CONNECTION_FAILED = 200,        /* signal Error only */
    WSB_CODE_PERMISSION_DENIED = 201,        /* PermissionDenied */
    WSB_CODE_PARAMETER = 401,                /* Parameter */
    WSB_CODE_URL = 2302001,                  /* Url */
    WSB_CODE_CERTIFICATE_FILE = 2302002,     /* CertificateFile */
    WSB_CODE_CONNECTION_EXISTS = 2302003,    /* ConnectionExists */
    WSB_CODE_NOT_CONNECTED = 2302006,        /* NotConnected */
    WSB_CODE_LIMIT_EXCEEDED = 2302100,       /* LimitExceeded */
    WSB_CODE_DOMAIN_NOT_ALLOWED = 2302998,   /* DomainNotAllowed */
    WSB_CODE_UNKNOWN = 2302999               /* Unknown */
} wsb_code;

/* Close codes of RFC 6455 section 7.4.1 that the service itself uses or reports. */
enum {
    WSB_CLOSE_NORMAL = 1000,
    WSB_CLOSE_GOING_AWAY = 1001,
    WSB_CLOSE_PROTOCOL_ERROR = 1002,
    WSB_CLOSE_NO_STATUS = 1005,
    WSB_CLOSE_ABNORMAL = 1006,
    WSB_CLOSE_INVALID_DATA = 1007,
    WSB_CLOSE_POLICY_VIOLATION = 1008,
    WSB_CLOSE_TOO_BIG = 1009
};

/* A close reason is at most this many bytes of UTF-8 (RFC 6455 section 5.5). */
#define WSB_CLOSE_REASON_MAX 123

/* The kind, in a Send or Message of type (say), for text that a D-Bus string cannot carry. */
#define WSB_KIND_TEXT "text"

/* One message on the descriptor of OpenStream: this header in host byte order, then its payload. */
typedef struct wsb_frame_header {
    uint32_t length;     /* bytes of payload */
    uint8_t kind;        /* WSB_FRAME_TEXT or WSB_FRAME_BINARY */
    uint8_t reserved[3]; /* zero */
} wsb_frame_header;

enum {
    WSB_FRAME_TEXT = 1,
    WSB_FRAME_BINARY = 2
};

#ifdef __cplusplus
}
#endif

#endif
