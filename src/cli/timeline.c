/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/timeline.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/moment.h"

#define DURATION_MIN 1000

void timeline_done(Timeline *timeline) {
        for (size_t i = 0; i < timeline->count; i++)
                free(timeline->steps[i].waits);
        free(timeline->steps);
        *timeline = (Timeline){ 0 };
}

static int64_t get_time(const json_t *object, const char *key) {
        Error ignored = ERROR_INIT;
        int64_t ns = 0;
        (void)moment_parse_ns(json_get_string(object, key, ""), &ns, &ignored);
        return ns;
}

static void load_waits(Timeline *timeline, Step *step) {
        const json_t *waits = json_object_get(step->task, "waits");
        size_t i;
        json_t *id;
        step->waits = memory_new((json_array_size(waits) + 1) * sizeof *step->waits);
        json_array_foreach(waits, i, id) {
                const char *text = json_is_string(id) ? json_string_value(id) : "";
                for (size_t at = 0; at < timeline->count; at++)
                        if (string_equal(timeline->steps[at].id, text))
                                step->waits[step->wait_count++] = at;
        }
}

static void load_step(Step *step, const json_t *task) {
        Error ignored = ERROR_INIT;
        const json_t *lane = json_array_get(json_object_get(task, "lanes"), 0);
        step->task = task;
        step->id = json_get_string(task, "id", "");
        step->summary = json_get_string(task, "summary", "");
        step->status = json_get_string(task, "status", "");
        step->ended = get_time(task, "ready-time");
        if (json_is_string(lane))
                (void)string_parse_i64(json_string_value(lane), &step->lane, &ignored);
}

static bool has_status(const Step *step, const char *status) {
        return string_equal(step->status, status);
}

static bool waits_for(const Step *step, size_t index) {
        for (size_t i = 0; i < step->wait_count; i++)
                if (step->waits[i] == index)
                        return true;
        return false;
}

/* The moment at which a task was finished is that of its undoing, where there was one; also where
 * there was nothing to undo.  On the way back, what waited for it was finished before it. */
static bool was_turned(const Timeline *timeline, size_t index) {
        const Step *step = &timeline->steps[index];
        for (size_t i = 0; i < timeline->count; i++)
                if (timeline->steps[i].ended != 0 && timeline->steps[i].ended < step->ended &&
                    waits_for(&timeline->steps[i], index))
                        return true;
        return json_get_int(step->task, "undoing-ns", 0) > 0 || has_status(step, "Undone") ||
               has_status(step, "Undo") || has_status(step, "Undoing");
}

/* Tasks are made before those that wait for them, so one pass forward knows every end it needs. */
static void place_doing(const Timeline *timeline, size_t index, int64_t start, int64_t now) {
        Step *step = &timeline->steps[index];
        int64_t took = json_get_int(step->task, "doing-ns", 0);
        bool was_done = took > 0 || has_status(step, "Done") || has_status(step, "Undone") ||
                        has_status(step, "Error");
        step->ready = start;
        for (size_t i = 0; i < step->wait_count; i++) {
                const Step *before = &timeline->steps[step->waits[i]];
                int64_t end = before->doing.to != 0 ? before->doing.to : before->ready;
                step->ready = end > step->ready ? end : step->ready;
        }
        if (has_status(step, "Doing"))
                step->doing = (Stretch){ step->ready, now > step->ready ? now : step->ready };
        else if (was_done && (step->ended == 0 || was_turned(timeline, index)))
                step->doing = (Stretch){ step->ready, step->ready + took };
        else if (was_done)
                step->doing = (Stretch){ step->ended - took, step->ended };
}

static void place_undoing(const Timeline *timeline, size_t index, int64_t now) {
        Step *step = &timeline->steps[index];
        int64_t took = json_get_int(step->task, "undoing-ns", 0);
        int64_t start = step->doing.to;
        /* What waited for it is undone first. */
        for (size_t i = 0; i < timeline->count; i++)
                if (timeline->steps[i].undoing.to > start && waits_for(&timeline->steps[i], index))
                        start = timeline->steps[i].undoing.to;
        if (has_status(step, "Undoing"))
                step->undoing = (Stretch){ start, now > start ? now : start };
        else if (step->ended != 0 && (took > 0 || has_status(step, "Undone")))
                step->undoing = (Stretch){ step->ended - took, step->ended };
}

static void widen(Timeline *timeline, const Stretch *stretch) {
        if (stretch->to == 0)
                return;
        if (stretch->from < timeline->from)
                timeline->from = stretch->from;
        if (stretch->to > timeline->to)
                timeline->to = stretch->to;
}

int timeline_load(const json_t *change, int64_t now, Timeline *ret, Error *err) {
        const json_t *tasks = json_object_get(change, "tasks");
        size_t count = json_array_size(tasks);
        int64_t spawned;
        if (moment_parse_ns(json_get_string(change, "spawn-time", ""), &spawned, err) < 0)
                return -1;
        *ret = (Timeline){ .steps = memory_new((count + 1) * sizeof *ret->steps),
                           .count = count,
                           .from = spawned,
                           .to = spawned + DURATION_MIN };
        for (size_t i = 0; i < count; i++)
                load_step(&ret->steps[i], json_array_get(tasks, i));
        for (size_t i = 0; i < count; i++)
                load_waits(ret, &ret->steps[i]);
        for (size_t i = 0; i < count; i++)
                place_doing(ret, i, spawned, now);
        for (size_t i = count; i-- > 0;)
                place_undoing(ret, i, now);
        for (size_t i = 0; i < count; i++) {
                widen(ret, &ret->steps[i].doing);
                widen(ret, &ret->steps[i].undoing);
        }
        return 0;
}

char *timeline_format_duration(int64_t ns, bool is_plain) {
        static const struct {
                int64_t size;
                const char *unit, *plain;
        } units[] = { { 1000000000, "s", "s" }, { 1000000, "ms", "ms" }, { 1000, "µs", "us" } };
        for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
                double value = (double)ns / (double)units[i].size;
                const char *unit = is_plain ? units[i].plain : units[i].unit;
                if (value >= 1)
                        return string_format("%.*f %s", value < 10 ? 1 : 0, value, unit);
        }
        return string_copy("0 s");
}
