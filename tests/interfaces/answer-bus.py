#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Owns names on the bus at an address and answers every call to them: answer-bus.py ADDRESS NAME..."""
import sys

import dbus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib


def answer(connection, message):
    if message.get_type() != 1 or message.get_interface() == "org.freedesktop.DBus.Peer":
        return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
    # A signal that everybody may hear, of the same object and interface.
    if message.get_interface():
        connection.send_message(dbus.lowlevel.SignalMessage(message.get_path(), message.get_interface(), "Happened"))
    reply = dbus.lowlevel.MethodReturnMessage(message)
    reply.append(f"{message.get_member()} was called")
    connection.send_message(reply)
    return dbus.lowlevel.HANDLER_RESULT_HANDLED


bus = dbus.bus.BusConnection(sys.argv[1], mainloop=DBusGMainLoop())
for name in sys.argv[2:]:
    bus.request_name(name)
bus.add_message_filter(answer)
print("ready", flush=True)
GLib.MainLoop().run()
