# SPDX-License-Identifier: Apache-2.0
"""Files for `snap info`: nothing but a manifest, which is all that a page shows."""
import os
import subprocess

LONG = """\
  First para line that is quite long and goes on and on past the end of eighty columns, to see how it is folded here.
  second line

  * a list item that is long enough to be wrapped by the client when it is shown on the terminal of 80 columns
    indented
       averyveryverylongwordwithoutanyblanksaveryveryverylongwordwithoutanyblanksaveryveryverylongword        gaps    and
"""

MANIFESTS = {
    "full": """
name: full
version: '1.2.3'
base: core22
license: GPL-3.0+
confinement: devmode
grade: devel
summary: A full package
links:
  contact: ['mailto:c@d.example', a@b.example]
description: |
%s
apps:
  full: {command: x}
  zeta: {command: x}
  alpha: {command: x}
  srv: {command: x, daemon: simple}
  srv2: {command: x, daemon: forking}
""" % LONG,
    "tiny": "name: tiny\nversion: 1\n",
    "base": "name: base1\nversion: '1'\ntype: base\nsummary: |\n  A summary\ndescription: ''\n",
    "core": "name: core\nversion: '16'\ntype: os\nsummary: x\ndescription: x\n",
    "classic": "name: hello\nversion: '1.0'\nconfinement: classic\nsummary: s\ndescription: same as\n"
               "apps:\n  one: {command: x, daemon: simple}\n  hello: {command: x}\n",
    "long": "name: long\nversion: '1'\nsummary: >\n  a summary which is long and goes on and on, word after word, past the"
            " end\ndescription: |\n%s" % LONG,
    "with blank": "name: blank\nversion: '1'\nsummary: 'a: b'\n",
    "quoted": "name: quoted\nversion: '1'\nsummary: '{curly} and \"quoted\"'\nlinks: {contact: ['https://x.example/y']}\n",
}


def make(directory):
    for name, manifest in MANIFESTS.items():
        tree = os.path.join(directory, "tree-" + name)
        os.makedirs(os.path.join(tree, "meta"))
        with open(os.path.join(tree, "x"), "w") as file:
            os.fchmod(file.fileno(), 0o755)
        with open(os.path.join(tree, "meta/snap.yaml"), "w") as file:
            file.write(manifest.lstrip("\n"))
        subprocess.run(["mksquashfs", tree, os.path.join(directory, name + ".snap"), "-noappend", "-no-progress", "-quiet",
                        "-all-root", "-no-xattrs", "-mkfs-time", "1700000000"], check=True, stdout=subprocess.DEVNULL)
    os.symlink("full.snap", os.path.join(directory, "link.snap"))
