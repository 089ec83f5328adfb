/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reads a certificate or key file with the application's own rights. The path may name anything, so the file
 * is opened without waiting (a FIFO would hang), only a regular file is read, and not more than the limit of
 * it, even when it grows meanwhile.
 */

#include "pem-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
read_whole(int fd, char *buffer, size_t size, size_t *ret_length)
{
    size_t length = 0;

    while (length < size) {
        ssize_t n = read(fd, buffer + length, size - length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0) {
            *ret_length = length;
            return 0;
        }
        length += (size_t)n;
    }
    return -EFBIG;
}

static int
read_regular(int fd, void **ret_bytes, size_t *ret_length)
{
    struct stat status;
    size_t size;
    char *buffer;
    int r;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EBADF;
    if (status.st_size > (off_t)PEM_FILE_MAX)
        return -EFBIG;
    size = PEM_FILE_MAX + 1; /* one more, to see that it is more */
    buffer = malloc(size);
    if (!buffer)
        return -ENOMEM;
    r = read_whole(fd, buffer, size, ret_length);
    if (r < 0) {
        explicit_bzero(buffer, size);
        free(buffer);
        return r;
    }
    *ret_bytes = buffer;
    return 0;
}

int
pem_file_read(const char *path, void **ret_bytes, size_t *ret_length)
{
    int fd, r;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    r = read_regular(fd, ret_bytes, ret_length);
    close(fd);
    return r;
}
