/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.wsbroker1.WebSocket: one fallback vtable for all of them, with a lookup that lets an object exist only for who
 * may know of it. Translates calls to the broker and decides nothing.
 */

#include "objects.h"

#include "bus-bytes.h"
#include "coded-error.h"
#include "connect-arguments.h"
#include "gate.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum {
    PROPERTY_SIZE = 64, /* of a property in a reply, beside a string's length, at most */
    NODE_SIZE = 64      /* of an object in a description */
};

char *
websocket_object_path(const WebSocket *websocket)
{
    return g_strdup_printf(WSB_WEBSOCKET_PATH "/%" G_GUINT64_FORMAT, websocket_get_id(websocket));
}

/* The WebSocket at PATH, if the sender of the current message may know of it. */
static WebSocket *
find_websocket(Objects *objects, const char *path)
{
    const char *number = path + strlen(WSB_WEBSOCKET_PATH "/");
    guint64 id = 0;

    if (!g_str_has_prefix(path, WSB_WEBSOCKET_PATH "/") ||
        !g_ascii_string_to_unsigned(number, 10, 1, G_MAXUINT64, &id, NULL) || *number == '0')
        return NULL;
    return broker_find_websocket(objects->broker, gate_current_caller(objects->bus, objects->broker), id);
}

static int
find_object(sd_bus *bus, const char *path, const char *interface, void *user_data, void **ret_found,
            sd_bus_error *ret_error)
{
    (void)bus, (void)interface, (void)ret_error;
    if (!find_websocket(user_data, path))
        return 0;
    *ret_found = user_data;
    return 1;
}

static int
enumerate_objects(sd_bus *bus, const char *prefix, void *user_data, char ***ret_paths,
                  sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    const Caller *caller = gate_current_caller(bus, objects->broker);
    g_autoptr(GPtrArray) websockets = broker_list_websockets(objects->broker, caller);
    /* sd-bus frees it with free(), which g_malloc() is since GLib 2.46. */
    char **paths = g_new0(char *, websockets->len + 1);

    (void)prefix, (void)ret_error;
    fence_count(caller->fence, FENCE_REPLIES, (gsize)websockets->len * NODE_SIZE);
    for (guint i = 0; i < websockets->len; i++)
        paths[i] = websocket_object_path(g_ptr_array_index(websockets, i));
    *ret_paths = paths;
    return 0;
}

/* Methods. */

static WebSocket *
current_websocket(Objects *objects, sd_bus_message *message)
{
    return find_websocket(objects, sd_bus_message_get_path(message));
}

static int
method_connect(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    const Caller *caller = gate_current_caller(objects->bus, objects->broker);
    g_autoptr(GError) error = NULL;
    g_autoptr(TlsReading) read = gate_take_reading(objects->gate, message);
    g_auto(ConnectOptions) options = CONNECT_OPTIONS_INIT;
    const char *url = NULL;
    int r = sd_bus_message_read_basic(message, 's', &url);

    if (r < 0)
        return bus_error_set_unreadable(ret_error, r);
    /* It may have passwords and keys: sd-bus wipes its memory. */
    (void)sd_bus_message_sensitive(message);
    if (!connect_arguments_read(message, &options, &error) ||
        !broker_connect(objects->broker, caller, current_websocket(objects, message), url, &options, read,
                        &error))
        return bus_error_set(ret_error, error);
    return sd_bus_reply_method_return(message, NULL);
}

/* "(say)" */
static GBytes *
read_kind_and_bytes(sd_bus_message *message)
{
    const char *kind = NULL;

    if (sd_bus_message_enter_container(message, 'r', "say") < 0 ||
        sd_bus_message_read_basic(message, 's', &kind) < 0 || !g_str_equal(kind, WSB_KIND_TEXT))
        return NULL;
    return bus_bytes_read(message, 'a');
}

/* The content of Send's variant. NULL and an error when it is of no type that Send takes. */
static GBytes *
read_data(sd_bus_message *message, gboolean *ret_text, GError **error)
{
    const char *type = NULL;
    GBytes *data = NULL;

    if (sd_bus_message_peek_type(message, NULL, &type) > 0 &&
        sd_bus_message_enter_container(message, 'v', type) >= 0) {
        *ret_text = !g_str_equal(type, "ay");
        if (g_str_equal(type, "s") || g_str_equal(type, "ay"))
            data = bus_bytes_read(message, *type);
        else if (g_str_equal(type, "(say)"))
            data = read_kind_and_bytes(message);
    }
    if (!data)
        coded_error_set(error, WSB_CODE_PARAMETER, "data is s, ay, or (say) with the kind \"%s\"",
                        WSB_KIND_TEXT);
    return data;
}

static int
method_send(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    const Caller *caller = gate_current_caller(objects->bus, objects->broker);
    WebSocket *websocket = current_websocket(objects, message);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) data = NULL;
    gboolean text = FALSE, waits = FALSE;

    data = read_data(message, &text, &error);
    if (!data)
        return bus_error_set(ret_error, error);
    if (!broker_send(caller, websocket, text, data, &waits, &error))
        return bus_error_set(ret_error, error);
    if (!waits)
        return sd_bus_reply_method_return(message, NULL);
    objects_hold_send(objects, websocket, message);
    return 1;
}

/* No option is defined yet. */
static int
check_stream_options(sd_bus_message *message, GError **error)
{
    const char *key = NULL;
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");

    if (r >= 0)
        r = sd_bus_message_enter_container(message, 'e', "sv");
    if (r > 0)
        r = sd_bus_message_read_basic(message, 's', &key);
    if (r <= 0)
        return r;
    coded_error_set(error, WSB_CODE_PARAMETER, "OpenStream has no option %.64s", key);
    return 0;
}

static int
method_open_stream(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    const Caller *caller = gate_current_caller(objects->bus, objects->broker);
    WebSocket *websocket = current_websocket(objects, message);
    g_autoptr(GError) error = NULL;
    int fd = -1, r = check_stream_options(message, &error);

    if (r < 0)
        return bus_error_set_unreadable(ret_error, r);
    if (error || !broker_open_stream(caller, websocket, &fd, &error))
        return bus_error_set(ret_error, error);
    /* The message has a duplicate. */
    r = sd_bus_reply_method_return(message, "h", fd);
    close(fd);
    if (r < 0)
        websocket_drop_stream(websocket);
    if (r != -EMFILE && r != -ENFILE)
        return r;
    coded_error_set(&error, WSB_CODE_LIMIT_EXCEEDED, "The service has no descriptor left");
    return bus_error_set(ret_error, error);
}

static int
method_close(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    const Caller *caller = gate_current_caller(objects->bus, objects->broker);
    g_autoptr(GError) error = NULL;
    guint16 code = 0;
    const char *reason = NULL;
    int r = sd_bus_message_read(message, "qs", &code, &reason);

    if (r < 0)
        return bus_error_set_unreadable(ret_error, r);
    if (!broker_close(caller, current_websocket(objects, message), code, reason, &error))
        return bus_error_set(ret_error, error);
    return sd_bus_reply_method_return(message, NULL);
}

static int
method_release(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Objects *objects = user_data;
    WebSocket *websocket = current_websocket(objects, message);

    (void)ret_error;
    objects_forget(objects, websocket);
    broker_release(objects->broker, gate_current_caller(objects->bus, objects->broker), websocket);
    return sd_bus_reply_method_return(message, NULL);
}

/* Properties. A row says where the value is: in the WebSocketInfo, or what function appends it. */

typedef struct Property {
    const char *name;
    char type;
    gsize info_offset;
    int (*append)(sd_bus_message *reply, const WebSocket *websocket);
} Property;

static int
append_state(sd_bus_message *reply, const WebSocket *websocket)
{
    return sd_bus_message_append(reply, "s", websocket_state_to_string(websocket_get_info(websocket)->state));
}

static int
append_subject(sd_bus_message *reply, const WebSocket *websocket)
{
    const Caller *owner = websocket_get_owner(websocket);
    g_autofree char *text = subject_to_string(owner->subject);

    return sd_bus_message_append(reply, "s", text);
}

static int
append_owner(sd_bus_message *reply, const WebSocket *websocket)
{
    const Caller *owner = websocket_get_owner(websocket);

    return sd_bus_message_append(reply, "s", owner->name);
}

static int
append_uid(sd_bus_message *reply, const WebSocket *websocket)
{
    const Caller *owner = websocket_get_owner(websocket);

    return sd_bus_message_append(reply, "u", (guint32)owner->uid);
}

static int
append_buffered(sd_bus_message *reply, const WebSocket *websocket)
{
    return sd_bus_message_append(reply, "t", (guint64)websocket_get_buffered(websocket));
}

#define INFO_STRING(name, field)                                                                             \
    {                                                                                                        \
        name, 's', offsetof(WebSocketInfo, field), NULL                                                      \
    }
#define INFO_UINT64(name, field)                                                                             \
    {                                                                                                        \
        name, 't', offsetof(WebSocketInfo, field), NULL                                                      \
    }

static const Property properties[] = {
    INFO_STRING("Url", url),
    { "State", 's', 0, append_state },
    INFO_STRING("Protocol", protocol),
    INFO_STRING("Extensions", extensions),
    { "Subject", 's', 0, append_subject },
    INFO_STRING("RemoteAddress", remote_address),
    INFO_STRING("TlsVersion", tls_version),
    INFO_STRING("TlsCipher", tls_cipher),
    { "Owner", 's', 0, append_owner },
    { "Uid", 'u', 0, append_uid },
    INFO_UINT64("BytesSent", bytes_sent),
    INFO_UINT64("BytesReceived", bytes_received),
    INFO_UINT64("MessagesSent", messages_sent),
    INFO_UINT64("MessagesReceived", messages_received),
    { "Buffered", 't', 0, append_buffered },
    INFO_UINT64("ConnectedAt", connected_at),
    INFO_UINT64("MaxMessageSize", max_message_size),
};

static const char *
info_string(const Property *property, const WebSocket *websocket)
{
    const guint8 *info = (const guint8 *)websocket_get_info(websocket);

    return *(char *const *)(const void *)(info + property->info_offset);
}

static int
append_property(sd_bus_message *reply, const Property *property, const WebSocket *websocket)
{
    const guint8 *info = (const guint8 *)websocket_get_info(websocket);

    if (property->append)
        return property->append(reply, websocket);
    if (property->type == 's')
        return sd_bus_message_append_basic(reply, 's', info_string(property, websocket));
    return sd_bus_message_append_basic(reply, 't', info + property->info_offset);
}

static int
append_property_entry(sd_bus_message *message, const Property *property, const WebSocket *websocket)
{
    const char signature[] = { property->type, '\0' };
    int r = sd_bus_message_open_container(message, 'e', "sv");

    if (r >= 0)
        r = sd_bus_message_append_basic(message, 's', property->name);
    if (r >= 0)
        r = sd_bus_message_open_container(message, 'v', signature);
    if (r >= 0)
        r = append_property(message, property, websocket);
    if (r >= 0)
        r = sd_bus_message_close_container(message);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

/* The state and the owner's name are short. */
static gsize
text_size(const Property *property, const WebSocket *websocket)
{
    const Caller *owner = websocket_get_owner(websocket);
    g_autofree char *subject = NULL;

    if (property->type == 's' && !property->append)
        return strlen(info_string(property, websocket));
    if (property->append != append_subject)
        return 0;
    subject = subject_to_string(owner->subject);
    return strlen(subject);
}

static gsize
property_size(const Property *property, const WebSocket *websocket)
{
    return PROPERTY_SIZE + text_size(property, websocket);
}

gsize
websocket_object_properties_size(const WebSocket *websocket)
{
    gsize size = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(properties); i++)
        size += property_size(&properties[i], websocket);
    return size;
}

int
websocket_object_append_properties(sd_bus_message *message, const WebSocket *websocket)
{
    int r = sd_bus_message_open_container(message, 'a', "{sv}");

    for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS(properties); i++)
        r = append_property_entry(message, &properties[i], websocket);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

static int
get_property(sd_bus *bus, const char *path, const char *interface, const char *name, sd_bus_message *reply,
             void *user_data, sd_bus_error *ret_error)
{
    const WebSocket *websocket = find_websocket(user_data, path);
    const Caller *caller = gate_current_caller(bus, ((Objects *)user_data)->broker);

    (void)interface, (void)ret_error;
    for (gsize i = 0; websocket && i < G_N_ELEMENTS(properties); i++) {
        if (!g_str_equal(properties[i].name, name))
            continue;
        fence_count(caller->fence, FENCE_REPLIES, property_size(&properties[i], websocket));
        return append_property(reply, &properties[i], websocket);
    }
    return -ENOENT;
}

/* In the words of dbus/org.wsbroker1.WebSocket.xml; a test compares them. */
static const sd_bus_vtable websocket_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Connect", SD_BUS_ARGS("s", url, "a{sv}", options), SD_BUS_NO_RESULT,
                            method_connect, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Send", SD_BUS_ARGS("v", data), SD_BUS_NO_RESULT, method_send,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Close", SD_BUS_ARGS("q", code, "s", reason), SD_BUS_NO_RESULT, method_close,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("OpenStream", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("h", fd),
                            method_open_stream, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Release", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_release,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL_WITH_ARGS("HeaderReceive", SD_BUS_ARGS("a{sv}", headers), 0),
    SD_BUS_SIGNAL_WITH_ARGS("Open", SD_BUS_ARGS("u", status, "s", message), 0),
    SD_BUS_SIGNAL_WITH_ARGS("Message", SD_BUS_ARGS("v", data), 0),
    SD_BUS_SIGNAL_WITH_ARGS("Close", SD_BUS_ARGS("q", code, "s", reason), 0),
    SD_BUS_SIGNAL_WITH_ARGS("Error", SD_BUS_ARGS("u", code, "s", message, "a{sv}", details), 0),
    SD_BUS_PROPERTY("Url", "s", get_property, 0, 0),
    SD_BUS_PROPERTY("State", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Protocol", "s", get_property, 0, 0),
    SD_BUS_PROPERTY("Extensions", "s", get_property, 0, 0),
    SD_BUS_PROPERTY("Subject", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("RemoteAddress", "s", get_property, 0, 0),
    SD_BUS_PROPERTY("TlsVersion", "s", get_property, 0, 0),
    SD_BUS_PROPERTY("TlsCipher", "s", get_property, 0, 0),
    SD_BUS_PROPERTY("Owner", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Uid", "u", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("BytesSent", "t", get_property, 0, 0),
    SD_BUS_PROPERTY("BytesReceived", "t", get_property, 0, 0),
    SD_BUS_PROPERTY("MessagesSent", "t", get_property, 0, 0),
    SD_BUS_PROPERTY("MessagesReceived", "t", get_property, 0, 0),
    SD_BUS_PROPERTY("Buffered", "t", get_property, 0, 0),
    SD_BUS_PROPERTY("ConnectedAt", "t", get_property, 0, 0),
    SD_BUS_PROPERTY("MaxMessageSize", "t", get_property, 0, 0),
    SD_BUS_VTABLE_END,
};

int
websocket_object_register(Objects *objects, sd_bus_slot **ret_vtable, sd_bus_slot **ret_enumerator)
{
    int r = sd_bus_add_fallback_vtable(objects->bus, ret_vtable, WSB_WEBSOCKET_PATH, WSB_WEBSOCKET_INTERFACE,
                                       websocket_vtable, find_object, objects);

    if (r < 0)
        return r;
    return sd_bus_add_node_enumerator(objects->bus, ret_enumerator, WSB_WEBSOCKET_PATH, enumerate_objects,
                                      objects);
}
