#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns schema/NNNN-name.sql files into one C file: embed.py SYMBOL OUT FILE...

After them may come generation-x.sql, which are in builds for tests alone (HACKING.md): they take the next numbers,
which they call @SCHEMA@."""
import pathlib
import re
import sys


def quote(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(f'        "{line}\\n"' for line in escaped.splitlines()) or '        ""'


def without_comments(text):
    return "\n".join(line for line in text.splitlines() if line.strip() and not line.strip().startswith("--"))


def main():
    symbol, out, files = sys.argv[1], sys.argv[2], sorted(sys.argv[3:], key=lambda f: pathlib.Path(f).name)
    rows = []
    for position, file in enumerate(files, 1):
        name = pathlib.Path(file).name
        match = re.fullmatch(r"(\d{4})-([a-z0-9-]+)\.sql|(generation-[bc])\.sql", name)
        if not match or (match[1] and int(match[1]) != position):
            sys.exit(f"{name}: expected {position:04d}-name.sql")
        text = pathlib.Path(file).read_text().replace("@SCHEMA@", str(position))
        parts = re.fullmatch(r".*?^-- up$\n(.*)^-- down$\n(.*)", text, re.S | re.M)
        if not parts:
            sys.exit(f"{name}: needs the lines '-- up' and '-- down'")
        up, down = map(without_comments, parts.groups())
        if position > 1 and not down:
            sys.exit(f"{name}: every schema but the first needs a way down")
        rows.append(f'        {{\n        "{match[2] or match[3]}",\n{quote(up)},\n{quote(down)},\n        }},\n')
    pathlib.Path(out).write_text(
        "/* SPDX-License-Identifier: Apache-2.0 -- made by schema/embed.py */\n"
        '#include "state/migrate.h"\n\n'
        "static const Migration MIGRATIONS[] = {\n" + "".join(rows) + "};\n\n"
        f"const SchemaSet {symbol} = {{ MIGRATIONS, {len(rows)} }};\n")


main()
