/* SPDX-License-Identifier: Apache-2.0
 *
 * What a package may do on a bus, said by trying; as much of the protocol of D-Bus as that takes
 * (dbus.freedesktop.org/doc/dbus-specification.html).  An argument is
 * BUS:NAME:PATH:INTERFACE.MEMBER.
 */
#include "probe-bus.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_SIZE_MAX 4096
#define WAIT_MS          2000
#define SILENCE_MS       200

enum {
        CALL = 1,
        RETURN = 2,
        FAULT = 3,
        SIGNAL = 4
};
enum {
        PATH = 1,
        INTERFACE = 2,
        MEMBER = 3,
        FAULT_NAME = 4,
        REPLY_SERIAL = 5,
        DESTINATION = 6,
        SENDER = 7,
        SIGNATURE = 8
};

typedef struct Address {
        char text[512];
        const char *bus, *name, *path, *interface, *member;
} Address;

typedef struct Writer {
        unsigned char bytes[MESSAGE_SIZE_MAX];
        size_t length;
} Writer;

typedef struct Message {
        unsigned char type;
        uint32_t serial, reply_serial, first_number; /* of the body, where it begins with one */
        char fields[SIGNATURE + 1][256];
} Message;

/* ── writing ── */

static void pad(Writer *writer, size_t to) {
        while (writer->length % to != 0)
                writer->bytes[writer->length++] = 0;
}

static void put_number(Writer *writer, uint32_t number) {
        uint32_t little = htole32(number);

        pad(writer, 4);
        memcpy(writer->bytes + writer->length, &little, 4);
        writer->length += 4;
}

static void put_text(Writer *writer, const char *text) {
        size_t length = strlen(text);

        put_number(writer, (uint32_t)length);
        memcpy(writer->bytes + writer->length, text, length + 1);
        writer->length += length + 1;
}

static void put_signature(Writer *writer, const char *text) {
        size_t length = strlen(text);

        writer->bytes[writer->length++] = (unsigned char)length;
        memcpy(writer->bytes + writer->length, text, length + 1);
        writer->length += length + 1;
}

static void put_field(Writer *writer, int code, const char *type, const char *text) {
        if (!text || !*text)
                return;
        pad(writer, 8);
        writer->bytes[writer->length++] = (unsigned char)code;
        put_signature(writer, type);
        if (*type == 'g')
                put_signature(writer, text);
        else
                put_text(writer, text);
}

typedef struct Outgoing {
        unsigned char type;
        uint32_t serial, reply; /* one call is under way at a time, told apart by its serial */
        const Address *to;
        const char *text; /* the body's first argument, or NULL */
        bool has_number;  /* and its second: do not queue */
} Outgoing;

static void put_fields(Writer *writer, const Outgoing *message) {
        const Address *to = message->to;

        put_field(writer, PATH, "o", message->type == CALL ? to->path : NULL);
        put_field(writer, INTERFACE, "s", message->type == CALL ? to->interface : NULL);
        put_field(writer, MEMBER, "s", message->type == CALL ? to->member : NULL);
        put_field(writer, DESTINATION, "s", to->name);
        put_field(writer, SIGNATURE, "g", message->has_number ? "su" : message->text ? "s" : NULL);
        if (!message->reply)
                return;
        pad(writer, 8);
        writer->bytes[writer->length++] = REPLY_SERIAL;
        put_signature(writer, "u");
        put_number(writer, message->reply);
}

static int send_message(int bus, const Outgoing *message) {
        static Writer writer, body;
        uint32_t little;

        body.length = 0;
        if (message->text)
                put_text(&body, message->text);
        if (message->has_number)
                put_number(&body, 4);
        memcpy(writer.bytes, (unsigned char[]){ 'l', message->type, 0, 1 }, 4);
        writer.length = 4;
        put_number(&writer, (uint32_t)body.length);
        put_number(&writer, message->serial);
        put_number(&writer, 0);
        put_fields(&writer, message);
        little = htole32((uint32_t)writer.length - 16);
        memcpy(writer.bytes + 12, &little, 4);
        pad(&writer, 8);
        memcpy(writer.bytes + writer.length, body.bytes, body.length);
        writer.length += body.length;
        return write(bus, writer.bytes, writer.length) == (ssize_t)writer.length ? 0 : -1;
}

static int send_call(int bus, uint32_t serial, const Address *to, const char *text) {
        return send_message(bus,
                            &(Outgoing){ .type = CALL, .serial = serial, .to = to, .text = text });
}

/* ── reading ── */

static uint32_t get_number(const unsigned char *at) {
        uint32_t number;

        memcpy(&number, at, 4);
        return le32toh(number);
}

static int read_whole(int bus, unsigned char *into, size_t length, int wait_ms) {
        while (length > 0) {
                struct pollfd event = { .fd = bus, .events = POLLIN };
                if (poll(&event, 1, wait_ms) != 1)
                        return -1;
                ssize_t got = read(bus, into, length);
                if (got <= 0)
                        return -1;
                into += got;
                length -= (size_t)got;
        }
        return 0;
}

/* Fields are of the types o, s, g and u only. */
static void read_fields(const unsigned char *bytes, size_t end, Message *ret) {
        size_t at = 16;

        while (at + 8 <= end) {
                unsigned char code = bytes[at], type = bytes[at + 2];
                at += 4; /* code, length 1, type, 0 */
                uint32_t number = type == 'g' ? bytes[at] : get_number(bytes + at);
                at += type == 'g' ? 1 : 4;
                if (type == 'u' && code == REPLY_SERIAL)
                        ret->reply_serial = number;
                if (type != 'u') {
                        if (code <= SIGNATURE)
                                (void)snprintf(ret->fields[code], sizeof(ret->fields[code]), "%.*s",
                                               (int)number, (const char *)bytes + at);
                        at += number + 1;
                }
                at = (at + 7) / 8 * 8;
        }
}

static int read_message(int bus, Message *ret, int wait_ms) {
        static unsigned char bytes[MESSAGE_SIZE_MAX];

        *ret = (Message){ 0 };
        if (read_whole(bus, bytes, 16, wait_ms) < 0)
                return -1;
        size_t body = get_number(bytes + 4), end = 16 + get_number(bytes + 12),
               start = (end + 7) / 8 * 8;
        if (start + body > sizeof(bytes) ||
            read_whole(bus, bytes + 16, start + body - 16, WAIT_MS) < 0)
                return -1;
        ret->type = bytes[1];
        ret->serial = get_number(bytes + 8);
        read_fields(bytes, end, ret);
        ret->first_number = body >= 4 ? get_number(bytes + start) : 0;
        return 0;
}

/* ── a connection ── */

static bool parse_address(const char *argument, Address *ret) {
        char *rest = NULL;

        (void)snprintf(ret->text, sizeof(ret->text), "%s", argument);
        ret->bus = strtok_r(ret->text, ":", &rest);
        ret->name = strtok_r(NULL, ":", &rest);
        ret->path = strtok_r(NULL, ":", &rest);
        ret->interface = strtok_r(NULL, ":", &rest);
        char *dot = ret->interface ? strrchr(ret->interface, '.') : NULL;
        if (dot) {
                *dot = '\0';
                ret->member = dot + 1;
        }
        return ret->bus && ret->name;
}

static const Address *own_address(const char *member) {
        static Address to;

        to = (Address){ .name = "org.freedesktop.DBus",
                        .path = "/org/freedesktop/DBus",
                        .interface = "org.freedesktop.DBus",
                        .member = member };
        return &to;
}

static int request_name(int bus, const char *name) {
        return send_message(bus, &(Outgoing){ .type = CALL,
                                              .serial = 2,
                                              .to = own_address("RequestName"),
                                              .text = name,
                                              .has_number = true });
}

/* The answer to the call `serial`; signals before it are counted. */
static int await_reply(int bus, uint32_t serial, Message *ret, int *ret_signals) {
        while (read_message(bus, ret, WAIT_MS) == 0) {
                if (ret->type == SIGNAL && strcmp(ret->fields[MEMBER], "Happened") == 0 &&
                    ret_signals)
                        ++*ret_signals;
                if (ret->reply_serial == serial && (ret->type == RETURN || ret->type == FAULT))
                        return 0;
        }
        return -1;
}

static int say_hello(int bus) {
        char line[128];
        Message message;
        int length = snprintf(line, sizeof(line), "%u", (unsigned)getuid());
        char hex[64] = "";

        for (int i = 0; i < length; i++)
                (void)snprintf(hex + 2 * i, 3, "%02x", (unsigned)line[i]);
        length = snprintf(line + 1, sizeof(line) - 1, "AUTH EXTERNAL %s\r\n", hex);
        line[0] = '\0';
        if (write(bus, line, (size_t)length + 1) < 0)
                return -1;
        for (char last = 0; last != '\n';)
                if (read_whole(bus, (unsigned char *)&last, 1, WAIT_MS) < 0)
                        return -1;
        if (write(bus, "BEGIN\r\n", 7) < 0 || send_call(bus, 1, own_address("Hello"), NULL) < 0)
                return -1;
        return await_reply(bus, 1, &message, NULL);
}

/* -1 and errno, or the descriptor. */
static int connect_bus(const char *which) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int bus = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (strcmp(which, "session") == 0)
                (void)snprintf(address.sun_path, sizeof(address.sun_path), "/run/user/%u/bus",
                               (unsigned)getuid());
        else
                (void)snprintf(address.sun_path, sizeof(address.sun_path),
                               "/run/dbus/system_bus_socket");
        if (bus < 0 || connect(bus, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -1;
        errno = EPROTO;
        return say_hello(bus) < 0 ? -1 : bus;
}

/* ── tries ── */

static int say_errno(void) {
        puts(strerrorname_np(errno));
        return 1;
}

static int say_reply(int got, const Message *message) {
        const char *dot = strrchr(message->fields[FAULT_NAME], '.');

        puts(got < 0 ? "no answer" : message->type == RETURN ? "yes" : dot ? dot + 1 : "no name");
        return got < 0 || message->type != RETURN;
}

int bus_try_call(const char *argument) {
        Address to;
        Message message = { 0 };
        int bus = parse_address(argument, &to) ? connect_bus(to.bus) : -1;

        if (bus < 0)
                return say_errno();
        int got = send_call(bus, 2, &to, NULL) < 0 ? -1 : await_reply(bus, 2, &message, NULL);
        return say_reply(got, &message);
}

/* Whoever has it already: that is not what is asked. */
int bus_try_own(const char *argument) {
        Address to;
        Message message = { 0 };
        int bus = parse_address(argument, &to) ? connect_bus(to.bus) : -1;

        if (bus < 0)
                return say_errno();
        int got = request_name(bus, to.name) < 0 ? -1 : await_reply(bus, 2, &message, NULL);
        return say_reply(got, &message);
}

/* The service that answers a call sends a signal of the same object and interface before. */
int bus_try_hear(const char *argument) {
        Address to;
        Message message = { 0 };
        int signals = 0;
        int bus = parse_address(argument, &to) ? connect_bus(to.bus) : -1;

        if (bus < 0)
                return say_errno();
        if (send_call(bus, 2, own_address("AddMatch"), "type='signal'") < 0 ||
            await_reply(bus, 2, &message, NULL) < 0 || send_call(bus, 3, &to, NULL) < 0 ||
            await_reply(bus, 3, &message, &signals) < 0)
                return say_errno();
        while (signals == 0 && read_message(bus, &message, SILENCE_MS) == 0)
                signals +=
                        message.type == SIGNAL && strcmp(message.fields[MEMBER], "Happened") == 0;
        puts(signals > 0 ? "yes" : "silence");
        return signals == 0;
}

/* Owns a name and answers what comes, until it is killed. */
int bus_try_serve(const char *argument) {
        Address to;
        Message message = { 0 };
        int bus = parse_address(argument, &to) ? connect_bus(to.bus) : -1;

        if (bus < 0 || request_name(bus, to.name) < 0)
                return say_errno();
        if (await_reply(bus, 2, &message, NULL) < 0 || message.type != RETURN ||
            message.first_number != 1)
                return say_reply(0, &message);
        puts("serving");
        (void)fflush(stdout);
        for (uint32_t serial = 3; read_message(bus, &message, -1) == 0; serial++) {
                Address back = { .name = message.fields[SENDER] };
                if (message.type == CALL)
                        (void)send_message(bus, &(Outgoing){ .type = RETURN,
                                                             .serial = serial,
                                                             .reply = message.serial,
                                                             .to = &back });
        }
        return 0;
}
