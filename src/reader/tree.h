/* SPDX-License-Identifier: Apache-2.0
 *
 * Tree: the files of a package, from a squashfs image or from a directory that it is tried from.
 * Both are a stranger's; a directory may also change while it is read.
 */
#pragma once

#include "reader/folder-files.h"
#include "reader/squash.h"

typedef struct Tree {
        Squash squash;
        int folder; /* borrowed; -1: it is the image */
} Tree;

#define TREE_INIT ((Tree){ .folder = -1 })

typedef struct TreeEntry {
        mode_t mode;   /* type and permissions */
        uint64_t size; /* of a regular file */
        union {
                SquashEntry squash;
                FolderEntry folder;
        };
} TreeEntry;

typedef enum TreeFind {
        TREE_FOLLOW_LAST,
        TREE_KEEP_LAST
} TreeFind;

/* Borrows the descriptor: a directory, or else an image. */
int tree_open(int fd, Tree *ret, Error *err);
void tree_close(Tree *tree);
#define autotree __attribute__((cleanup(tree_close))) Tree

/* All as in squash.h. */
int tree_find(Tree *tree, const char *path, TreeFind how, TreeEntry *ret, Error *err);
int tree_read_file(Tree *tree, const TreeEntry *file, size_t max, char **ret, size_t *ret_length,
                   Error *err);
int tree_read_link(Tree *tree, const TreeEntry *link, char **ret, Error *err);
/* Nothing in a directory: there it counts for nothing (nosuid), and a label is on every file. */
int tree_find_security(Tree *tree, const TreeEntry *entry, char **ret_name, Error *err);
typedef int (*TreeVisit)(void *data, const char *path, const TreeEntry *entry, Error *err);
int tree_walk(Tree *tree, const TreeEntry *directory, TreeVisit visit, void *data, Error *err);
int tree_get_root(Tree *tree, TreeEntry *ret, Error *err);
