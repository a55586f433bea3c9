/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/describe-grants.h"

#include "base/capability.h"
#include "base/text.h"
#include "tell/flag-words.h"
#include "tell/grant-words.h"

/* ── one thing ── */

static void put_device(json_t *object, const InterfaceDevice *device) {
        if (!device || !device->kind)
                return;
        json_put_string(object, "node", device->kind == 'c' ? "char" : "block");
        json_put(object, "major", json_integer(device->major));
        if (device->minor >= 0)
                json_put(object, "minor", json_integer(device->minor));
}

static void put_bus(json_t *object, const GrantRow *row) {
        json_put_string(object, "verb", bus_verb_get_name(row->bus->verb));
        json_put_string(object, "bus",
                        row->bus->bus[0] == '$' ? row->bus->bus
                        : row->is_session       ? "session"
                                                : "system");
        json_put_string(object, "path", row->second);
        json_put_string(object, "bus-interface", row->bus->interface);
        json_put_string(object, "member", row->bus->member);
}

static json_t *describe_row(const GrantRow *row) {
        json_t *object = json_object();
        autofree char *sentence = grant_row_format(row);

        json_put_string(object, "kind", grant_kind_get_name(row->kind));
        json_put_string(object, "heading", grant_kind_get_heading(row->kind));
        json_put_string(object, "text", row->text);
        if (row->kind == GRANT_FILE || row->kind == GRANT_DEVICE || row->kind == GRANT_MOUNT) {
                autofree char *access = access_format(row->access);
                json_put_string(object, "access", access);
        }
        if (row->kind == GRANT_MOUNT || row->kind == GRANT_VARIABLE)
                json_put_string(object, row->kind == GRANT_MOUNT ? "where" : "value", row->second);
        put_device(object, row->device);
        if (row->kind == GRANT_SOCKET) {
                json_put(object, "family", json_integer(row->socket->family));
                json_put(object, "protocol", json_integer(row->socket->protocol));
        }
        if (row->kind == GRANT_BUS)
                put_bus(object, row);
        json_put_string(object, "sentence", sentence);
        return object;
}

static json_t *describe_word(const char *kind, const char *heading, const char *text,
                             const char *sentence) {
        json_t *object = json_object();

        json_put_string(object, "kind", kind);
        json_put_string(object, "heading", heading);
        json_put_string(object, "text", text);
        json_put_string(object, "sentence", sentence);
        return object;
}

/* ── what is bits ── */

static void describe_bits(const InterfaceGrants *grants, json_t *list) {
        size_t count = 0;
        const FlagWord *words = flag_words_get(&count);

        for (size_t i = 0; i < count; i++) {
                if (!(grants->flags & words[i].flag))
                        continue;
                json_t *flag =
                        describe_word("flag", "in general", words[i].name, words[i].sentence);
                json_put_string(flag, "lifts", words[i].lifts);
                json_put_string(flag, "path", words[i].path);
                json_put_string(flag, "access", words[i].path ? "rw" : NULL);
                json_array_append_new(list, flag);
        }
        for (unsigned i = 0; i < 64; i++) {
                const char *name = grants->capabilities >> i & 1 ? capability_get_name(i) : NULL;
                if (!name)
                        continue;
                autofree char *sentence = string_format("keep %s, as root", name);
                json_array_append_new(list,
                                      describe_word("capability", "capabilities", name, sentence));
        }
}

/* ── a set ── */

static void put_origin(const GrantSet *set, size_t at, json_t *object) {
        const GrantOrigin *origin = &set->origins[at];

        json_put_string(object, "interface", origin->kind->name);
        json_put_string(object, origin->is_plug ? "plug" : "slot", origin->endpoint);
}

static const char *get_place(SharePlace place) {
        static const char *const names[] = {
                [SHARE_PLACE_SNAP] = "$SNAP",
                [SHARE_PLACE_DATA] = "$SNAP_DATA",
                [SHARE_PLACE_COMMON] = "$SNAP_COMMON",
                [SHARE_PLACE_VIEW] = "",
        };

        return names[place];
}

static void describe_shares(const GrantSet *set, json_t *list) {
        for (size_t i = 0; i < set->share_count; i++) {
                const GrantShare *share = &set->shares[i];
                const char *provider = set->providers[share->provider].instance;
                autofree char *text = string_format("%s of %s", get_place(share->source), provider);
                autofree char *sentence = string_format(
                        "%s %s/%s of %s at %s/%s", share->is_writable ? "read and write" : "read",
                        get_place(share->source), share->source_below, provider,
                        get_place(share->target), share->target_below);
                json_array_append_new(list, describe_word("share", "files", text, sentence));
        }
}

json_t *grants_describe(const GrantSet *set) {
        json_t *list = json_array();

        for (size_t at = 0; at < set->origin_count; at++) {
                size_t before = json_array_size(list);
                if (set->origins[at].grants)
                        describe_bits(set->origins[at].grants, list);
                for (size_t i = 0; i < set->row_count; i++)
                        if (set->rows[i].origin == at)
                                json_array_append_new(list, describe_row(&set->rows[i]));
                for (size_t i = before; i < json_array_size(list); i++)
                        put_origin(set, at, json_array_get(list, i));
        }
        describe_shares(set, list);
        return list;
}

/* ── a block of a file: rows that borrow its texts ── */

/* `text` and `second` of a row are the set's to free; these are constant, and only read. */
static char *borrow(const char *text) {
        union {
                const char *constant;
                char *text;
        } either = { .constant = text };

        return either.text;
}

static void add(json_t *list, GrantRow row) {
        json_array_append_new(list, describe_row(&row));
}

static void describe_places(const InterfaceGrants *grants, json_t *list) {
        const InterfaceFile *file = grants->files;
        const InterfaceDevice *device = grants->devices;
        const InterfaceMount *mount = grants->mounts;

        for (; file && file->path; file++)
                add(list, (GrantRow){ .kind = GRANT_FILE,
                                      .access = file->access,
                                      .text = borrow(file->path) });
        for (; device && (device->path || device->kind); device++)
                add(list, (GrantRow){ .kind = GRANT_DEVICE,
                                      .access = device->access,
                                      .text = borrow(device->path),
                                      .device = device });
        for (; mount && mount->what; mount++)
                add(list, (GrantRow){ .kind = GRANT_MOUNT,
                                      .access = mount->access,
                                      .text = borrow(mount->what),
                                      .second = borrow(mount->where) });
}

void grants_describe_block(const InterfaceGrants *grants, json_t *list) {
        const InterfaceSocket *socket = grants->sockets;
        const InterfaceBus *bus = grants->dbus;
        const InterfaceVariable *variable = grants->environment;

        describe_bits(grants, list);
        describe_places(grants, list);
        for (; socket && socket->name; socket++)
                add(list, (GrantRow){ .kind = GRANT_SOCKET,
                                      .text = borrow(socket->name),
                                      .socket = socket });
        for (; bus && bus->bus; bus++)
                add(list, (GrantRow){ .kind = GRANT_BUS,
                                      .text = borrow(bus->name),
                                      .second = borrow(bus->path),
                                      .is_session = string_equal(bus->bus, "session"),
                                      .bus = bus });
        for (; variable && variable->key; variable++)
                add(list, (GrantRow){ .kind = GRANT_VARIABLE,
                                      .text = borrow(variable->key),
                                      .second = borrow(variable->value) });
        for (size_t i = 0; i < INTERFACE_LIST_COUNT; i++)
                for (const char *const *text = grants->lists[i]; text && *text; text++)
                        add(list,
                            (GrantRow){ .kind = GRANT_UNIX_SOCKET + i, .text = borrow(*text) });
}
