/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A numbered message: which connection it is of, its place in the order, its length, a checksum over all of it, each
 * 32 bits in network byte order, then as many bytes as it takes. messages.py has the same.
 */

#include "message.h"

#include <arpa/inet.h>
#include <string.h>
#include <zlib.h>

typedef struct Header {
    uint32_t connection;
    uint32_t sequence;
    uint32_t length;   /* of the whole message */
    uint32_t checksum; /* CRC-32, computed with this field 0 */
} Header;

/* Mostly small ones; one in a hundred is large. */
static size_t
length_of(uint32_t connection, uint32_t sequence)
{
    uint32_t mixed = (connection * 2654435761U) ^ (sequence * 2246822519U);

    mixed ^= mixed >> 15;
    if (mixed % 100 == 0)
        return sizeof(Header) + mixed % (MESSAGE_MAX - sizeof(Header));
    if (mixed % 10 == 0)
        return sizeof(Header) + mixed % 8192;
    return sizeof(Header) + mixed % 256;
}

static uint32_t
checksum_of(Header header, const uint8_t *payload)
{
    size_t length = ntohl(header.length) - sizeof(Header);
    uLong checksum;

    header.checksum = 0;
    checksum = crc32(0, (const Bytef *)&header, sizeof(header));
    /* For no bytes crc32() wants none. */
    return (uint32_t)(length > 0 ? crc32(checksum, payload, (uInt)length) : checksum);
}

size_t
message_write(void *buffer, uint32_t connection, uint32_t sequence)
{
    size_t length = length_of(connection, sequence);
    Header header = { htonl(connection), htonl(sequence), htonl((uint32_t)length), 0 };
    uint8_t *payload = (uint8_t *)buffer + sizeof(header);

    memset(payload, (int)(connection + sequence), length - sizeof(header));
    header.checksum = htonl(checksum_of(header, payload));
    memcpy(buffer, &header, sizeof(header));
    return length;
}

bool
message_read(const void *data, size_t length, uint32_t connection, uint32_t *ret_sequence)
{
    Header header;

    if (length < sizeof(header))
        return false;
    memcpy(&header, data, sizeof(header));
    if (ntohl(header.connection) != connection || ntohl(header.length) != length)
        return false;
    *ret_sequence = ntohl(header.sequence);
    return ntohl(header.checksum) == checksum_of(header, (const uint8_t *)data + sizeof(header));
}
