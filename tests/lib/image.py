# SPDX-License-Identifier: Apache-2.0
"""Packages made on the spot."""
import os
import subprocess


def make_image(tree, image, *options):
    """Packs the directory `tree` into the file `image`; returns that."""
    # Which mksquashfs does not take together with -mkfs-time.
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    subprocess.run(["mksquashfs", str(tree), str(image), "-noappend", "-no-progress", "-quiet", "-all-root", *options],
                   check=True, env=environment, stdout=subprocess.DEVNULL)
    return image
