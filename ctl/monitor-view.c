/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What `wsbrokerctl monitor` prints. On a terminal each report is drawn over the last one, which is why
 * nothing else may be printed there meanwhile, and why no line may be longer or the whole higher than the
 * window: lines are counted to know how far to go back. What is above stays as it was. In a pipe nothing is
 * ever taken back.
 */

#include "monitor-view.h"

#include "moment.h"
#include "output.h"
#include "table.h"
#include "websocket-list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    WINDOW_COLUMNS = 80, /* where it is not known */
    WINDOW_ROWS = 24,
    LINES_BESIDE_ROWS = 5 /* the summary, the headings, the total, those left out, and the cursor's */
};

struct MonitorView {
    void (*show)(MonitorView *view, const MonitorReport *report);
    gboolean legend_due; /* lines: the headings have not been printed */
    gboolean told;       /* lines and JSON: stderr has what is in told_state and told_own_only */
    MonitorState told_state;
    bool told_own_only;
    guint n_lines; /* screen: how many the last report took */
};

static const char *const state_texts[] = {
    [MONITOR_RUNNING] = "the service runs",
    [MONITOR_NO_SERVICE] = "the service does not run",
    [MONITOR_NO_ANSWER] = "the service does not answer",
};

/* How each counter's rate is headed. */
static const char *const headings[N_COUNTERS] = {
    [COUNTER_MESSAGES_RECEIVED] = "MSG-IN/S",
    [COUNTER_BYTES_RECEIVED] = "B-IN/S",
    [COUNTER_MESSAGES_SENT] = "MSG-OUT/S",
    [COUNTER_BYTES_SENT] = "B-OUT/S",
};

/* Says on stderr what has changed since it was last said: what is no line of the output. */
static void
tell_changes(MonitorView *view, const MonitorReport *report)
{
    bool running = report->state == MONITOR_RUNNING;

    if (view->told ? view->told_state != report->state : !running)
        output_note("%s", state_texts[report->state]);
    if (running && report->own_only && (!view->told || !view->told_own_only))
        output_note("you are no administrator of the service, so those of other programs are not shown");
    view->told = TRUE;
    view->told_state = report->state;
    view->told_own_only = running ? report->own_only : view->told_own_only;
}

/* ---- A line for each report ---- */

static void
print_legend(void)
{
    printf("%-19s  %10s", "TIME", "WEBSOCKETS");
    for (gsize i = 0; i < N_COUNTERS; i++)
        printf("  %9s", headings[i]);
    printf("\n");
}

static void
show_line(MonitorView *view, const MonitorReport *report)
{
    char date[MOMENT_SIZE], text[RATE_SIZE] = "-";

    tell_changes(view, report);
    if (view->legend_due)
        print_legend();
    view->legend_due = FALSE;
    if (report->list)
        snprintf(text, sizeof(text), "%u", report->list->len);
    printf("%-19s  %10s", moment_to_local(report->time, date), text);
    for (gsize i = 0; i < N_COUNTERS; i++)
        printf("  %9s", report->list ? rate_to_text(report->total.per_second[i], text) : "-");
    printf("\n");
}

/* ---- An object for each ---- */

/* "MessagesReceivedPerSecond":…, as the inside of an object. */
static void
print_rates_json(const Rates *rates)
{
    for (gsize i = 0; i < N_COUNTERS; i++) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];

        printf("%s\"%sPerSecond\":%s", i > 0 ? "," : "", counter_names[i],
               g_ascii_formatd(number, sizeof(number), "%.3f", rates->per_second[i]));
    }
}

static void
show_json(MonitorView *view, const MonitorReport *report)
{
    char date[MOMENT_SIZE], number[G_ASCII_DTOSTR_BUF_SIZE];

    tell_changes(view, report);
    printf("{\"Time\":\"%s\",\"Running\":%s", moment_to_utc(report->time, date),
           report->state == MONITOR_NO_SERVICE ? "false" : "true");
    if (report->list) {
        printf(",\"Seconds\":%s,\"OwnOnly\":%s,\"Total\":{\"WebSockets\":%u,",
               g_ascii_formatd(number, sizeof(number), "%.6f", report->seconds),
               report->own_only ? "true" : "false", report->list->len);
        print_rates_json(&report->total);
        printf("},\"WebSockets\":[");
        for (guint i = 0; i < report->list->len; i++) {
            printf("%s{", i > 0 ? "," : "");
            websocket_entry_print_json(&g_array_index(report->list, WebSocketEntry, i));
            putchar(',');
            print_rates_json(&report->rates[i]);
            putchar('}');
        }
        putchar(']');
    }
    printf("}\n");
}

/* ---- A table that is drawn over the last one ---- */

static const TableColumn columns[] = {
    { "ID", TRUE },        { "STATE", FALSE },  { "MSG-IN/S", TRUE }, { "B-IN/S", TRUE },
    { "MSG-OUT/S", TRUE }, { "B-OUT/S", TRUE }, { "SUBJECT", FALSE }, { "URL", FALSE },
};

static struct winsize
window_size(void)
{
    struct winsize size = { 0 };

    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    size.ws_col = size.ws_col > 0 ? size.ws_col : WINDOW_COLUMNS;
    size.ws_row = size.ws_row > 0 ? size.ws_row : WINDOW_ROWS;
    return size;
}

static double
bytes_per_second(const Rates *rates)
{
    return rates->per_second[COUNTER_BYTES_RECEIVED] + rates->per_second[COUNTER_BYTES_SENT];
}

/* The busiest first, others by their ID. */
static int
compare_rows(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Rates *rates = user_data;
    guint row_a = *(const guint *)a, row_b = *(const guint *)b;
    double bytes_a = bytes_per_second(&rates[row_a]), bytes_b = bytes_per_second(&rates[row_b]);

    if (bytes_a < bytes_b || bytes_a > bytes_b)
        return bytes_a < bytes_b ? 1 : -1;
    return row_a < row_b ? -1 : row_a > row_b;
}

static GArray *
sort_rows(const MonitorReport *report)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < report->list->len; i++)
        g_array_append_val(rows, i);
    g_array_sort_with_data(rows, compare_rows, (gpointer)report->rates);
    return rows;
}

static void
add_rates(Table *table, const Rates *rates, Colour colour)
{
    char text[RATE_SIZE];

    for (gsize i = 0; i < N_COUNTERS; i++)
        table_add(table, rate_to_text(rates->per_second[i], text), colour);
}

static void
add_entry(Table *table, const WebSocketEntry *entry, const Rates *rates)
{
    const Dictionary *properties = &entry->properties;
    const char *state = dictionary_get(properties, "State");

    table_add(table, websocket_entry_id(entry), COLOUR_NONE);
    table_add(table, state, websocket_state_colour(state));
    add_rates(table, rates, COLOUR_NONE);
    table_add(table, dictionary_get(properties, "Subject"), COLOUR_NONE);
    table_add(table, dictionary_get(properties, "Url"), COLOUR_NONE);
}

static void
add_total(Table *table, const Rates *total)
{
    table_add(table, "total", COLOUR_HEADING);
    table_add(table, "", COLOUR_NONE);
    add_rates(table, total, COLOUR_HEADING);
    table_add(table, "", COLOUR_NONE);
    table_add(table, "", COLOUR_NONE);
}

/* Returns how many lines it printed. */
static guint
draw_table(const MonitorReport *report, const struct winsize *size)
{
    g_autoptr(Table) table = table_new(columns, G_N_ELEMENTS(columns));
    g_autoptr(GArray) rows = sort_rows(report);
    guint room = size->ws_row > LINES_BESIDE_ROWS ? size->ws_row - LINES_BESIDE_ROWS : 1;
    guint shown = MIN(rows->len, room);

    for (guint i = 0; i < shown; i++) {
        guint row = g_array_index(rows, guint, i);

        add_entry(table, &g_array_index(report->list, WebSocketEntry, row), &report->rates[row]);
    }
    add_total(table, &report->total);
    table_print(table, stdout, /* legend= */ TRUE, size->ws_col);
    /* The headings and the total are lines too. */
    if (shown == rows->len)
        return shown + 2;
    printf("%u more\n", rows->len - shown);
    return shown + 3;
}

static char *
summarize(const MonitorReport *report)
{
    char date[MOMENT_SIZE];

    (void)moment_to_local(report->time, date);
    if (report->state != MONITOR_RUNNING)
        return g_strdup_printf("%s  %s", date, state_texts[report->state]);
    return g_strdup_printf("%s  %u WebSocket%s%s", date, report->list->len, report->list->len == 1 ? "" : "s",
                           report->own_only ? ", only your own: you are no administrator" : "");
}

static void
show_screen(MonitorView *view, const MonitorReport *report)
{
    g_autofree char *summary = summarize(report);
    struct winsize size = window_size();

    if (view->n_lines > 0)
        printf("\033[%uA", view->n_lines);
    printf("\r\033[J");
    (void)output_clipped(stdout, summary, size.ws_col);
    putchar('\n');
    view->n_lines = 1;
    if (report->list)
        view->n_lines += draw_table(report, &size);
}

/* ---- Which of them ---- */

static gboolean
is_screen(void)
{
    const char *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && g_strcmp0(terminal, "dumb") != 0;
}

MonitorView *
monitor_view_new(const Arguments *arguments)
{
    MonitorView *view = g_new0(MonitorView, 1);

    view->legend_due = !arguments->no_legend;
    if (arguments->json)
        view->show = show_json;
    else
        view->show = is_screen() ? show_screen : show_line;
    /* A report at once, so that it does not flicker. */
    if (view->show == show_screen)
        (void)setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
    return view;
}

void
monitor_view_free(MonitorView *view)
{
    g_free(view);
}

void
monitor_view_show(MonitorView *view, const MonitorReport *report)
{
    view->show(view, report);
}
