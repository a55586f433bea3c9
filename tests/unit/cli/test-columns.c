/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/own.h"
#include "base/text.h"
#include "cli/columns.h"
#include "cli/fill.h"

static void expect(const char *text, size_t width_min, size_t padding, const char *aligned) {
        autofree char *got = columns_align(text, width_min, padding);
        assert_string_equal(got, aligned);
}

static void cells_of_a_column_are_equally_wide(void **state) {
        (void)state;
        expect("Name\tRev\nhello\tx1\n", 5, 2, "Name   Rev\nhello  x1\n");
        expect("a\tb\tc\nä\tbbbbbb\tc\n", 5, 2, "a    b       c\nä    bbbbbb  c\n");
        expect("", 5, 2, "");
        expect("no tab", 5, 2, "no tab\n");
        expect("end\t\n", 2, 1, "end \n");
}

static void a_line_without_a_tab_ends_a_column(void **state) {
        (void)state;
        expect("a:\t1\nlong:\t2\nx\nb:\t3\n", 2, 1, "a:    1\nlong: 2\nx\nb: 3\n");
}

static void more_tabs_than_cells_stay_text(void **state) {
        (void)state;
        char text[64] = { 0 };
        memset(text, '\t', 40);
        autofree char *got = columns_align(text, 1, 0);
        assert_true(strlen(got) >= 40);
}

static void lines_are_filled_evenly_and_never_too_long(void **state) {
        (void)state;
        autofree char *one = fill_text("aaa bb cc ddddd", 6, 2);
        assert_string_equal(one, "aaa\n  bb cc\n  ddddd");
        autofree char *two = fill_text("one\ntwo\n\nthree", 20, 1);
        assert_string_equal(two, "one two\n\n three");
        autofree char *wide = fill_text("a incomprehensibilities b", 5, 0);
        assert_string_equal(wide, "a\nincomprehensibilities\nb");
        autofree char *none = fill_text("", 5, 0);
        assert_string_equal(none, "");
}

static void five_thousand_words_are_cut_not_overrun(void **state) {
        (void)state;
        autotext text = TEXT_INIT;
        for (int i = 0; i < 5000; i++)
                text_append(&text, "w ");
        autofree char *filled = fill_text(text.bytes, 20, 0);
        assert_int_equal(fill_count(filled, strlen(filled)), 4096 * 2 - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cells_of_a_column_are_equally_wide),
                cmocka_unit_test(a_line_without_a_tab_ends_a_column),
                cmocka_unit_test(more_tabs_than_cells_stay_text),
                cmocka_unit_test(lines_are_filled_evenly_and_never_too_long),
                cmocka_unit_test(five_thousand_words_are_cut_not_overrun),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
