/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The commands of library-driver, a table of names and functions. */

#include "library-driver-commands.h"

#include "library-driver-keys.h"
#include "library-driver-output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct Listener {
    struct Listener *next;
    Websocket *owner;
    wsb_event_type type;
    unsigned number;
    char *action; /* of `when`, or NULL */
    unsigned action_line;
} Listener;

/* Kept to the end of the program, as a listener may release it from inside; forgotten is one without a
 * name. */
struct Websocket {
    Websocket *next;
    Driver *driver;
    char *name;
    unsigned n_ref;
    wsb_websocket *websocket;
    Listener *listeners;
};

/* Userdata of a callback. Kept to the end of the program too: one that is dropped is never called. */
struct Completion {
    Completion *next;
    unsigned line;
};

static void *
must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- Listeners and callbacks ---- */

static void
on_event(wsb_websocket *websocket, const wsb_event *event, void *userdata)
{
    Listener *listener = userdata;
    char *action = listener->action;

    (void)websocket;
    print_event(listener->owner->name, listener->number, event);

    listener->action = NULL;
    if (action)
        run_command(listener->owner->driver, listener->action_line, action);
    free(action);
}

static void
on_completed(wsb_websocket *websocket, const wsb_error *error, void *userdata)
{
    const Completion *completion = userdata;

    (void)websocket;
    printf("{");
    print_result("completed", completion->line, wsb_error_errno(error), error);
}

static int
add_listener(Websocket *websocket, wsb_event_type type, unsigned number)
{
    Listener *listener = must(calloc(1, sizeof(*listener)));

    *listener =
        (Listener){ .next = websocket->listeners, .owner = websocket, .type = type, .number = number };
    websocket->listeners = listener;
    return wsb_websocket_on(websocket->websocket, type, on_event, listener);
}

static Listener *
find_listener(Websocket *websocket, wsb_event_type type, unsigned number)
{
    for (Listener *listener = websocket->listeners; listener; listener = listener->next)
        if (listener->type == type && listener->number == number)
            return listener;
    return NULL;
}

/* ---- Commands: false when not understood; else one "returned" has been printed ---- */

typedef struct Command {
    Driver *driver;
    unsigned line;
    Websocket *websocket; /* NULL for those that name none */
    char **words;         /* after the name; NULL-terminated */
    size_t n_words;
} Command;

static Completion *
completion_new(const Command *command)
{
    Completion *completion = must(malloc(sizeof(*completion)));

    *completion = (Completion){ .next = command->driver->completions, .line = command->line };
    command->driver->completions = completion;
    return completion;
}

static bool
returned(const Command *command, int result)
{
    Websocket *websocket = command->websocket;
    const wsb_error *error =
        websocket && websocket->websocket ? wsb_websocket_last_error(websocket->websocket) : NULL;

    printf("{");
    print_result("returned", command->line, result, error);
    return true;
}

static bool
command_create(const Command *command)
{
    Driver *driver = command->driver;
    Websocket *websocket = must(calloc(1, sizeof(*websocket)));
    int r = wsb_websocket_new(driver->client, &websocket->websocket);

    websocket->driver = driver;
    websocket->name = must(strdup(command->words[0]));
    websocket->n_ref = 1;
    websocket->next = driver->websockets;
    driver->websockets = websocket;
    for (size_t i = 0; r >= 0 && i <= WSB_EVENT_DRAIN; i++)
        r = add_listener(websocket, (wsb_event_type)i, 1);
    return returned(command, r);
}

static bool
command_connect(const Command *command)
{
    Keys keys = { 0 };
    size_t length;
    char *url = from_base64(command->words[0], &length);
    bool good = url && keys_read(&keys, command->words + 1);

    if (good)
        returned(command,
                 wsb_websocket_connect(command->websocket->websocket, url, keys.options,
                                       keys.no_callback ? NULL : on_completed, completion_new(command)));
    keys_clear(&keys);
    free(url);
    return good;
}

static uint64_t
milliseconds(const char *word)
{
    return strtoull(word, NULL, 10) * 1000;
}

static bool
command_connect_sync(const Command *command)
{
    Keys keys = { 0 };
    size_t length;
    char *url = from_base64(command->words[1], &length);
    bool good = url && keys_read(&keys, command->words + 2);

    if (good)
        returned(command, wsb_websocket_connect_sync(command->websocket->websocket, url, keys.options,
                                                     milliseconds(command->words[0])));
    keys_clear(&keys);
    free(url);
    return good;
}

typedef int (*SendFunction)(wsb_websocket *, const void *, size_t, wsb_callback, void *);
typedef int (*SendSyncFunction)(wsb_websocket *, const void *, size_t, uint64_t);

static int
send_text(wsb_websocket *websocket, const void *data, size_t length, wsb_callback callback, void *userdata)
{
    return wsb_websocket_send_text(websocket, data, length, callback, userdata);
}

static int
send_text_sync(wsb_websocket *websocket, const void *data, size_t length, uint64_t timeout_usec)
{
    return wsb_websocket_send_text_sync(websocket, data, length, timeout_usec);
}

static bool
send_with(const Command *command, SendFunction send)
{
    size_t length;
    char *data = from_base64(command->words[0], &length);
    int r = data ? send(command->websocket->websocket, data, length, on_completed, completion_new(command))
                 : -EINVAL;

    free(data);
    return data && returned(command, r);
}

static bool
command_send_text(const Command *command)
{
    return send_with(command, send_text);
}

static bool
command_send_binary(const Command *command)
{
    return send_with(command, wsb_websocket_send_binary);
}

static bool
send_sync_with(const Command *command, SendSyncFunction send)
{
    size_t length;
    char *data = from_base64(command->words[1], &length);
    int r =
        data ? send(command->websocket->websocket, data, length, milliseconds(command->words[0])) : -EINVAL;

    free(data);
    return data && returned(command, r);
}

static bool
command_send_text_sync(const Command *command)
{
    return send_sync_with(command, send_text_sync);
}

static bool
command_send_binary_sync(const Command *command)
{
    return send_sync_with(command, wsb_websocket_send_binary_sync);
}

static bool
command_close(const Command *command)
{
    size_t length;
    char *reason = from_base64(command->words[1], &length);
    int r = reason ? wsb_websocket_close(command->websocket->websocket,
                                         (uint16_t)strtoul(command->words[0], NULL, 10), reason, on_completed,
                                         completion_new(command))
                   : -EINVAL;

    free(reason);
    return reason && returned(command, r);
}

static bool
command_close_sync(const Command *command)
{
    size_t length;
    char *reason = from_base64(command->words[2], &length);
    int r = reason ? wsb_websocket_close_sync(command->websocket->websocket,
                                              (uint16_t)strtoul(command->words[1], NULL, 10), reason,
                                              milliseconds(command->words[0]))
                   : -EINVAL;

    free(reason);
    return reason && returned(command, r);
}

static bool
command_on(const Command *command)
{
    wsb_event_type type;

    if (!find_event(command->words[0], &type))
        return false;
    return returned(command,
                    add_listener(command->websocket, type, (unsigned)strtoul(command->words[1], NULL, 10)));
}

static bool
command_off(const Command *command)
{
    Websocket *websocket = command->websocket;
    wsb_event_type type;
    Listener *listener;

    if (!find_event(command->words[0], &type))
        return false;
    if (strcmp(command->words[1], "all") == 0)
        return returned(command, wsb_websocket_off(websocket->websocket, type, NULL, NULL));
    listener = find_listener(websocket, type, (unsigned)strtoul(command->words[1], NULL, 10));
    return returned(command, wsb_websocket_off(websocket->websocket, type, on_event, listener));
}

static bool
command_when(const Command *command)
{
    Listener *listener;
    wsb_event_type type;
    char *action, *end;
    size_t length = 1;

    if (!find_event(command->words[0], &type))
        return false;
    listener = find_listener(command->websocket, type, (unsigned)strtoul(command->words[1], NULL, 10));
    if (!listener)
        return false;
    for (char **word = command->words + 2; *word; word++)
        length += strlen(*word) + 1;
    action = end = must(calloc(1, length));
    for (char **word = command->words + 2; *word; word++)
        end = stpcpy(stpcpy(end, *word), word[1] ? " " : "");
    free(listener->action);
    listener->action = action;
    listener->action_line = command->line;
    return returned(command, 0);
}

static bool
command_ref(const Command *command)
{
    wsb_websocket_ref(command->websocket->websocket);
    command->websocket->n_ref++;
    return returned(command, 0);
}

static void
release(Websocket *websocket)
{
    if (--websocket->n_ref > 0) {
        wsb_websocket_unref(websocket->websocket);
        return;
    }
    websocket->websocket = wsb_websocket_unref(websocket->websocket);
    free(websocket->name);
    websocket->name = NULL;
}

static bool
command_release(const Command *command)
{
    release(command->websocket);
    return returned(command, 0);
}

static bool
command_state(const Command *command)
{
    static const char *const states[] = {
        [WSB_STATE_CREATED] = "created", [WSB_STATE_CONNECTING] = "connecting", [WSB_STATE_OPEN] = "open",
        [WSB_STATE_CLOSING] = "closing", [WSB_STATE_CLOSED] = "closed",
    };

    printf("{\"state\": \"%s\", ", states[wsb_websocket_get_state(command->websocket->websocket)]);
    print_result("returned", command->line, 0, NULL);
    return true;
}

static bool
command_unanswered(const Command *command)
{
    size_t messages = 0, bytes = 0;
    int r = wsb_websocket_get_unanswered(command->websocket->websocket, &messages, &bytes);

    printf("{\"messages\": %zu, \"bytes\": %zu, ", messages, bytes);
    print_result("returned", command->line, r, NULL);
    return true;
}

static bool
command_path(const Command *command)
{
    printf("{\"path\": ");
    print_string(wsb_websocket_get_path(command->websocket->websocket));
    printf(", ");
    print_result("returned", command->line, 0, NULL);
    return true;
}

static bool
command_barrier(const Command *command)
{
    return returned(command, 0);
}

static const struct {
    const char *name;
    bool names_websocket;
    size_t n_words; /* at least, after the name of the WebSocket */
    bool (*run)(const Command *command);
} commands[] = {
    { "create", false, 1, command_create },
    { "connect", true, 1, command_connect },
    { "connect-sync", true, 2, command_connect_sync },
    { "send-text", true, 1, command_send_text },
    { "send-binary", true, 1, command_send_binary },
    { "send-text-sync", true, 2, command_send_text_sync },
    { "send-binary-sync", true, 2, command_send_binary_sync },
    { "close", true, 2, command_close },
    { "close-sync", true, 3, command_close_sync },
    { "on", true, 2, command_on },
    { "off", true, 2, command_off },
    { "when", true, 3, command_when },
    { "ref", true, 0, command_ref },
    { "release", true, 0, command_release },
    { "state", true, 0, command_state },
    { "unanswered", true, 0, command_unanswered },
    { "path", true, 0, command_path },
    { "barrier", false, 0, command_barrier },
};

static Websocket *
find_websocket(Driver *driver, const char *name)
{
    for (Websocket *websocket = driver->websockets; websocket; websocket = websocket->next)
        // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): run_words() has counted the words
        if (websocket->name && strcmp(websocket->name, name) == 0)
            return websocket;
    return NULL;
}

/* WORDS begins with the command's name, and is NULL-terminated. */
static bool
run_words(Driver *driver, unsigned line, char **words, size_t n_words)
{
    for (size_t i = 0; words[0] && i < sizeof(commands) / sizeof(commands[0]); i++) {
        size_t skip = commands[i].names_websocket ? 2 : 1;
        Command command = { .driver = driver, .line = line };

        if (strcmp(commands[i].name, words[0]) != 0)
            continue;
        if (n_words < skip + commands[i].n_words)
            return false;
        if (commands[i].names_websocket && !(command.websocket = find_websocket(driver, words[1])))
            return false;
        command.words = words + skip;
        command.n_words = n_words - skip;
        return commands[i].run(&command);
    }
    return false;
}

void
run_command(Driver *driver, unsigned line, char *text)
{
    char *words[WORDS_MAX + 1], *rest = NULL;
    size_t n = 0;

    for (char *word = strtok_r(text, " ", &rest); word && n < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
        words[n++] = word;
    words[n] = NULL;
    if (run_words(driver, line, words, n))
        return;
    fprintf(stderr, "line %u is not understood\n", line);
    driver->failed = true;
    (void)sd_event_exit(driver->event, 1);
}

void
release_all(Driver *driver)
{
    Completion *completion;
    Websocket *websocket;

    while ((websocket = driver->websockets)) {
        Listener *listener;

        driver->websockets = websocket->next;
        while (websocket->n_ref > 0)
            release(websocket);
        while ((listener = websocket->listeners)) {
            websocket->listeners = listener->next;
            free(listener->action);
            free(listener);
        }
        free(websocket);
    }
    while ((completion = driver->completions)) {
        driver->completions = completion->next;
        free(completion);
    }
}
