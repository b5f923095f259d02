/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_REPORT_PARTS_H
#define HEED_CLI_REPORT_PARTS_H

/*
 * What the sections of a report's page (cli/report_sections.h) are built of: headings, tables,
 * bars, links, and what to do about a class. Texts that are handed in as they are, are of this
 * program; what came from elsewhere passes through cli/html.h.
 */

#include "parsers/advice.h"
#include "parsers/report.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Letters of a name that stands in a table. */
#define HEED_REPORT_NAME_LETTERS 80U

/* <section> with a heading of ours, and its end. */
void heed_report_section(GString *page, const char *id, const char *title);
void heed_report_section_end(GString *page);

/* A column: its title, and whether its cells are numbers. */
typedef struct HeedReportColumn {
    const char *title;
    bool number;
} HeedReportColumn;

/* A table with its head, and its end. It has roles, since a phone shows cells as blocks. */
void heed_report_table_begin(GString *page, const HeedReportColumn *columns, size_t count);
void heed_report_table_end(GString *page);

/* The first cell of a row, which names it; and the end of the row with its last cell. */
void heed_report_row_begin(GString *page);
void heed_report_row_end(GString *page);

/* Ends the cell before it, of which the first is the row's name, and begins one. A cell of several
 * parts is one block beside its label: they stand in a <span>. */
void heed_report_cell(GString *page, const HeedReportColumn *column, bool first);

/* The same, with the number in it. */
void heed_report_number(GString *page, const HeedReportColumn *column, bool first, int64_t number);

/* A bar for one part of a whole; its figure stands beside it. */
void heed_report_share(GString *page, int64_t part, int64_t whole, const char *style);

/* A link to the page for senders; nothing where there is none, or contact is NULL. */
void heed_report_link(GString *page, const HeedContact *contact);

/* What a class of failures or of complaints means, and what to do about it. Static. */
const char *heed_report_meaning(HeedClass class_);
const char *heed_report_next_step(HeedClass class_);

#endif
