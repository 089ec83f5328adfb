/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wsbrokerd: reads its configuration, takes the bus name, and runs until SIGTERM or the loss of its bus. Everything
 * that lives as long as the process is in one Service on main()'s stack; there is no other state of the process.
 */

#define G_LOG_DOMAIN "wsbroker"

#include "files.h"
#include "gate.h"
#include "identify-protocol.h"
#include "idle.h"
#include "key-limit.h"
#include "objects.h"
#include "source.h"
#include "trust.h"
#include "watchdog.h"
#include "wsbroker-protocol.h"

#include <errno.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { FLUSH_TIMEOUT = G_USEC_PER_SEC };

/* The command line. */
typedef struct Options {
    char *bus;
    char *config_dir;
    gboolean check;
    gboolean version;
} Options;

typedef struct Service {
    Options options;
    const char *config_folders[CONFIG_FOLDERS_MAX + 1];
    BrokerConfig *config;
    Policy *policy; /* until the broker has it */
    Network network;
    SystemProxy *system_proxy;
    sd_bus *bus;
    GSource *bus_source;
    sd_bus_slot *name_match, *name_slot;
    Objects objects;
    FenceKeeper *fences;
    Broker *broker;
    Identifier *identifier;
    Gate *gate;
    Idle *idle;        /* NULL: never exits by itself */
    GSource *watchdog; /* NULL: nobody watches */
    gboolean quit;
    gboolean stopping;
    int exit_status;
} Service;

static gboolean
parse_options(Options *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        { "bus", 0, 0, G_OPTION_ARG_STRING, &options->bus, "The bus to serve (default: system)",
          "system|session" },
        { "config-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->config_dir,
          "Read configuration and policy from DIR alone", "DIR" },
        { "check", 0, 0, G_OPTION_ARG_NONE, &options->check, "Check configuration and policy, and exit",
          NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version, and exit", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("— WebSocket connections for sandboxed applications");

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "unexpected argument %s", (*argv)[1]);
        return FALSE;
    }
    if (options->bus && strcmp(options->bus, "system") != 0 && strcmp(options->bus, "session") != 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--bus is system or session, not %s",
                    options->bus);
        return FALSE;
    }
    return TRUE;
}

static gboolean
load_configuration(Service *service)
{
    g_autoptr(Problems) problems = problems_new();

    config_folders_choose(service->options.config_dir, service->config_folders);
    config_folders_check(service->options.config_dir, problems);
    service->config = broker_config_load(service->config_folders, problems);
    service->policy = policy_load(service->config_folders, problems);
    for (guint i = 0; i < problems_count(problems); i++)
        fprintf(stderr, "%s\n", problems_get(problems, i));
    return problems_count(problems) == 0;
}

/* Each connection has a socket and an eventfd; the default limit would end at some hundreds. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        g_warning("The limit of descriptors could not be raised: %s", g_strerror(errno));
}

/* Stopping. */

static void
quit_when_idle(gpointer user_data)
{
    Service *service = user_data;

    if (service->stopping && service->network.n_connections == 0)
        service->quit = TRUE;
}

static gboolean
on_terminate(gpointer user_data)
{
    Service *service = user_data;

    if (service->stopping)
        return G_SOURCE_CONTINUE;
    service->stopping = TRUE;
    sd_notify(FALSE, "STOPPING=1\nSTATUS=Closing connections");
    broker_shut_down(service->broker);
    quit_when_idle(service);
    return G_SOURCE_CONTINUE;
}

static void
on_idle(gpointer user_data)
{
    (void)on_terminate(user_data);
}

static void
on_reloaded(const GError *error, gpointer user_data)
{
    const Service *service = user_data;

    if (error)
        g_warning("%s", error->message);
    if (!service->stopping)
        sd_notify(FALSE, "READY=1");
}

static gboolean
on_hangup(gpointer user_data)
{
    Service *service = user_data;
    g_autoptr(GError) error = NULL;

    sd_notifyf(FALSE, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time());
    if (!broker_reload(service->broker, on_reloaded, service, &error))
        on_reloaded(error, service);
    return G_SOURCE_CONTINUE;
}

static void
give_up(Service *service, const char *what, int error)
{
    fprintf(stderr, "wsbrokerd: %s: %s\n", what, g_strerror(-error));
    service->exit_status = EXIT_FAILURE;
    service->quit = TRUE;
}

/* Without a bus there is no application left to serve: the servers are told, as at the end. */
static void
on_bus_lost(int error, gpointer user_data)
{
    Service *service = user_data;

    fprintf(stderr, "wsbrokerd: The bus is gone: %s\n", g_strerror(-error));
    service->exit_status = EXIT_FAILURE;
    (void)on_terminate(service);
}

/* Taking the name: first the match that tells which callers have gone, then the name, then readiness. */

static int
on_name_vanished(sd_bus_message *message, void *user_data, sd_bus_error *ret_error)
{
    Service *service = user_data;
    const char *name = NULL;

    (void)ret_error;
    if (sd_bus_message_read(message, "s", &name) < 0)
        return 0;
    gate_remove(service->gate, name);
    objects_remove_owner(&service->objects, name);
    broker_remove_caller(service->broker, name);
    return 0;
}

static void
start_being_ready(Service *service)
{
    sd_notify(FALSE, "READY=1\nSTATUS=Ready");
    if (service->config->exit_on_idle > 0)
        service->idle = idle_new(service->bus, service->broker, service->gate, service->config->exit_on_idle,
                                 on_idle, service);
}

static int
on_name_acquired(sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    Service *service = user_data;
    guint32 outcome = 0;

    (void)ret_error;
    if (sd_bus_message_is_method_error(reply, NULL))
        give_up(service, "The bus does not give us the name " WSB_BUS_NAME, -sd_bus_message_get_errno(reply));
    else if (sd_bus_message_read(reply, "u", &outcome) < 0 || outcome != 1)
        give_up(service, "The name " WSB_BUS_NAME " is taken", -EEXIST);
    else
        start_being_ready(service);
    return 1;
}

static int
on_match_installed(sd_bus_message *reply, void *user_data, sd_bus_error *ret_error)
{
    Service *service = user_data;
    int r = 0;

    (void)ret_error;
    if (sd_bus_message_is_method_error(reply, NULL))
        r = -sd_bus_message_get_errno(reply);
    else
        r = sd_bus_request_name_async(service->bus, &service->name_slot, WSB_BUS_NAME, /* flags= */ 0,
                                      on_name_acquired, service);
    if (r < 0)
        give_up(service, "The bus refuses us", r);
    return 1;
}

/* One rule for all callers, and only for those that leave (the new owner, argument 2, is empty): a rule for each
 * would soon be more than a bus allows one connection. */
#define VANISHED_RULE                                                                                        \
    "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"                              \
    "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''"

static int
connect_bus(Service *service)
{
    gboolean session = g_strcmp0(service->options.bus, "session") == 0;
    int r = session ? sd_bus_open_user_with_description(&service->bus, "wsbroker")
                    : sd_bus_open_system_with_description(&service->bus, "wsbroker");

    if (r < 0)
        return r;
    objects_init(&service->objects, service->bus);
    service->fences = fence_keeper_new(service->bus, service->config->fence_timeout, &objects_fence_events,
                                       &service->objects);
    return 0;
}

/* The helper belongs to the system's service; elsewhere there is none, unless the environment names one. */
static const char *
identity_helper_socket(const Service *service)
{
    const char *named = g_getenv("WSBROKER_IDENTIFY_SOCKET");

    if (named && *named)
        return named;
    if (g_strcmp0(service->options.bus, "session") == 0 || access(IDENTIFY_SOCKET_PATH, F_OK) < 0)
        return NULL;
    return IDENTIFY_SOCKET_PATH;
}

static int
start_serving(Service *service)
{
    int r = objects_register(&service->objects);

    if (r < 0)
        return r;
    service->identifier = identifier_new(identity_helper_socket(service));
    service->gate = gate_new(service->bus, service->broker, service->identifier, &r);
    if (!service->gate)
        return r;
    service->objects.gate = service->gate;
    service->bus_source = bus_source_new(service->bus, /* context= */ NULL, on_bus_lost, service);
    return sd_bus_add_match_async(service->bus, &service->name_match, VANISHED_RULE, on_name_vanished,
                                  on_match_installed, service);
}

static gboolean
make_network(Service *service, GError **error)
{
    service->network.hub = lane_hub_new(/* context= */ NULL, error);
    if (!service->network.hub)
        return FALSE;
    if (!key_limit_guard_handshakes()) {
        g_set_error_literal(error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                            "GnuTLS does not let the keys of certificates be limited");
        return FALSE;
    }
    service->network.trust = trust_new_system(error);
    if (!service->network.trust)
        return FALSE;
    service->network.trust_cache = trust_cache_new();
    service->network.resolver = resolver_new();
    service->network.applications = application_table_new(service->config->max_connections_per_user,
                                                          service->config->max_pending_handshakes_total);
    service->system_proxy = system_proxy_new(service->config);
    service->network.ended = quit_when_idle;
    service->network.user_data = service;
    return TRUE;
}

static int
run(Service *service)
{
    g_autoptr(GError) error = NULL;
    BrokerSetup setup = { 0 };
    int r;

    raise_descriptor_limit();
    if (!make_network(service, &error)) {
        fprintf(stderr, "wsbrokerd: %s\n", error->message);
        return EXIT_FAILURE;
    }
    r = connect_bus(service);
    if (r >= 0) {
        setup = (BrokerSetup){ .network = &service->network,
                               .config = service->config,
                               .fences = service->fences,
                               .system_proxy = service->system_proxy,
                               .config_folders = service->config_folders,
                               .events = &objects_events,
                               .events_data = &service->objects };
        service->broker = broker_new(&setup, g_steal_pointer(&service->policy));
        service->objects.broker = service->broker;
        r = start_serving(service);
    }
    if (r < 0) {
        fprintf(stderr, "wsbrokerd: The bus cannot be reached: %s\n", g_strerror(-r));
        return EXIT_FAILURE;
    }
    g_unix_signal_add(SIGTERM, on_terminate, service);
    g_unix_signal_add(SIGINT, on_terminate, service);
    g_unix_signal_add(SIGHUP, on_hangup, service);
    service->watchdog = watchdog_source_new(/* context= */ NULL);
    while (!service->quit)
        lane_hub_iterate(service->network.hub, TRUE);
    return service->exit_status;
}

static void
service_clear(Service *service)
{
    if (service->bus)
        bus_flush(service->bus, FLUSH_TIMEOUT);
    source_clear(&service->watchdog);
    g_clear_pointer(&service->idle, idle_free);
    service->objects.gate = NULL;
    g_clear_pointer(&service->gate, gate_free);
    g_clear_pointer(&service->identifier, identifier_free);
    if (service->bus) {
        service->name_match = sd_bus_slot_unref(service->name_match);
        service->name_slot = sd_bus_slot_unref(service->name_slot);
        objects_clear(&service->objects);
    }
    g_clear_pointer(&service->broker, broker_free);
    g_clear_pointer(&service->fences, fence_keeper_free);
    if (service->bus_source)
        g_source_destroy(service->bus_source);
    g_clear_pointer(&service->bus_source, g_source_unref);
    service->bus = sd_bus_close_unref(service->bus);
    g_clear_pointer(&service->network.applications, application_table_free);
    g_clear_pointer(&service->network.hub, lane_hub_free);
    g_clear_pointer(&service->network.resolver, resolver_free);
    g_clear_object(&service->network.trust);
    g_clear_pointer(&service->network.trust_cache, trust_cache_free);
    g_clear_pointer(&service->system_proxy, system_proxy_free);
    g_clear_pointer(&service->policy, policy_unref);
    g_clear_pointer(&service->config, broker_config_free);
    g_free(service->options.bus);
    g_free(service->options.config_dir);
}

static void
drop_log_message(const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
    (void)domain, (void)level, (void)message, (void)user_data;
}

int
main(int argc, char **argv)
{
    Service service = { .exit_status = EXIT_SUCCESS };
    g_autoptr(GError) error = NULL;
    int status;

    (void)setlocale(LC_CTYPE, "");
    /* libsoup says something of every message, and GLib does much with it before it finds that nobody listens. */
    if (g_log_writer_default_would_drop(G_LOG_LEVEL_DEBUG, "libsoup"))
        g_log_set_handler("libsoup", G_LOG_LEVEL_DEBUG, drop_log_message, NULL);
    /* No desktop's settings or proxy modules in this process. */
    g_setenv("GSETTINGS_BACKEND", "memory", TRUE);
    g_setenv("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
    (void)signal(SIGPIPE, SIG_IGN);

    if (!parse_options(&service.options, &argc, &argv, &error)) {
        fprintf(stderr, "wsbrokerd: %s\n", error->message);
        status = 2;
    } else if (service.options.version) {
        printf("wsbrokerd %s\n", WSBROKER_VERSION);
        status = EXIT_SUCCESS;
    } else if (!load_configuration(&service)) {
        status = EXIT_FAILURE;
    } else {
        status = service.options.check ? EXIT_SUCCESS : run(&service);
    }
    service_clear(&service);
    return status;
}
