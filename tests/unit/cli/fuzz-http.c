/* SPDX-License-Identifier: Apache-2.0
 *
 * The reply parser under libFuzzer.  However the same bytes are cut into pieces, the outcome must
 * be the same.
 */
#include <assert.h>
#include <string.h>

#include "cli/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int parse_pieces(HttpParser *parser, const uint8_t *bytes, size_t length, size_t piece) {
        Error err = ERROR_INIT;
        int outcome = 0;
        for (size_t at = 0; at < length && outcome == 0; at += piece) {
                size_t used, size = length - at < piece ? length - at : piece;
                outcome = http_parser_feed(parser, (const char *)bytes + at, size, &used, &err);
        }
        return outcome == 0 ? http_parser_finish(parser, &err) : outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autohttp whole = HTTP_PARSER_INIT, single = HTTP_PARSER_INIT;
        int outcome = parse_pieces(&whole, bytes, length, length + 1);
        assert(parse_pieces(&single, bytes, length, 1) == outcome);
        if (outcome != 1)
                return 0;
        assert(whole.status == single.status && whole.body.length == single.body.length);
        assert(whole.body.length == 0 ||
               memcmp(whole.body.bytes, single.body.bytes, whole.body.length) == 0);
        assert(whole.status >= 0 && whole.status <= 999);
        return 0;
}
