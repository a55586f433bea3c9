/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "api/resources.h"
#include "api/rfc3339.h"
#include "base/clock.h"
#include "base/text.h"

#define NS_PER_S 1000000000LL

/* A duration as clients parse it: "672h0m0s". */
static void put_duration(json_t *object, const char *key, int64_t duration_ns) {
        int64_t seconds = duration_ns / NS_PER_S;
        autofree char *text = string_format("%" PRId64 "h%" PRId64 "m%" PRId64 "s", seconds / 3600,
                                            seconds / 60 % 60, seconds % 60);

        json_put_string(object, key, text);
}

static void put_time(json_t *object, const char *key, int64_t wall) {
        char text[CLOCK_TEXT_SIZE];

        json_put_string(object, key, clock_format_rfc3339(wall, text));
}

static json_t *format_warning(const Query *query) {
        json_t *warning = json_object();

        json_put_string(warning, "message", query_get_text(query, 0));
        put_time(warning, "first-added", query_get_int(query, 1));
        put_time(warning, "last-added", query_get_int(query, 2));
        if (!query_is_null(query, 3))
                put_time(warning, "last-shown", query_get_int(query, 3));
        put_duration(warning, "expire-after", query_get_int(query, 4));
        put_duration(warning, "repeat-after", query_get_int(query, 5));
        return warning;
}

int warnings_get(ApiCall *call, Error *err) {
        static const char SQL[] =
                "SELECT message, first_added, last_added, last_shown, expire_after, repeat_after "
                "FROM warning WHERE last_added + expire_after > ?1 AND (?2 OR last_shown IS NULL "
                "OR last_shown + repeat_after < ?1) ORDER BY last_added";
        const char *select = request_get_query(call->request, "select", "");
        bool is_all = string_equal(select, "all");
        autojson warnings = json_array();
        autoquery query = QUERY_INIT;
        int found;

        if (!is_all && !string_equal(select, "pending") && *select)
                return error_set(err, ERROR_BAD_REQUEST, "invalid select parameter: \"%.40s\"",
                                 select);
        if (query_open(call->api->database, &query, err, SQL, "ii", clock_get_wall(),
                       (int64_t)is_all) < 0)
                return -1;
        while ((found = query_next(&query, err)) > 0)
                json_array_append_new(warnings, format_warning(&query));
        if (found < 0)
                return -1;
        return call_reply(call, take(warnings));
}

/* Marks what was pending at that time as shown; answers with how many those were. */
int warnings_post(ApiCall *call, Error *err) {
        static const char SQL[] = "UPDATE warning SET last_shown = ?1 WHERE last_added <= ?1 AND "
                                  "(last_shown IS NULL OR last_shown + repeat_after < ?1)";
        const json_t *body = call->request->body;
        autotransaction transaction = TRANSACTION_INIT;
        int64_t wall = 0;
        int count;

        if (!string_equal(json_get_string(body, "action", ""), "okay"))
                return error_set(err, ERROR_BAD_REQUEST, "unknown warning action \"%.40s\"",
                                 json_get_string(body, "action", ""));
        if (rfc3339_parse(json_get_string(body, "timestamp", ""), &wall, err) < 0 ||
            transaction_begin(call->api->database, &transaction, err) < 0 ||
            (count = database_run(call->api->database, err, SQL, "i", wall)) < 0 ||
            transaction_commit(&transaction, err) < 0)
                return -1;
        return call_reply(call, json_integer(count));
}
