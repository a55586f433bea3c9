/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/tree.h"

#include <errno.h>

static bool is_folder(const Tree *tree) {
        return tree->folder >= 0;
}

static void take_squash(const SquashEntry *entry, TreeEntry *ret) {
        *ret = (TreeEntry){ .mode = entry->mode, .size = entry->size, .squash = *entry };
}

static void take_folder(const FolderEntry *entry, TreeEntry *ret) {
        *ret = (TreeEntry){ .mode = entry->mode, .size = entry->size, .folder = *entry };
}

int tree_open(int fd, Tree *ret, Error *err) {
        Tree tree = TREE_INIT;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_set_errno(err, errno, "cannot look at the image");
        if (S_ISDIR(st.st_mode))
                tree.folder = fd;
        else if (squash_open(fd, &tree.squash, err) < 0)
                return -1;
        *ret = tree;
        return 0;
}

void tree_close(Tree *tree) {
        squash_close(&tree->squash);
        *tree = TREE_INIT;
}

int tree_find(Tree *tree, const char *path, TreeFind how, TreeEntry *ret, Error *err) {
        FolderEntry file;
        SquashEntry entry;
        bool follows = how == TREE_FOLLOW_LAST;
        int found;

        if (is_folder(tree)) {
                found = folder_find_entry(tree->folder, path, follows, &file, err);
                if (found > 0)
                        take_folder(&file, ret);
                return found;
        }
        found = squash_find(&tree->squash, path, follows ? SQUASH_FOLLOW_LAST : SQUASH_KEEP_LAST,
                            &entry, err);
        if (found > 0)
                take_squash(&entry, ret);
        return found;
}

int tree_read_file(Tree *tree, const TreeEntry *file, size_t max, char **ret, size_t *ret_length,
                   Error *err) {
        if (is_folder(tree))
                return folder_read_file(tree->folder, &file->folder, max, ret, ret_length, err);
        return squash_read_file(&tree->squash, &file->squash, max, ret, ret_length, err);
}

int tree_read_link(Tree *tree, const TreeEntry *link, char **ret, Error *err) {
        if (is_folder(tree))
                return folder_read_link(tree->folder, &link->folder, ret, err);
        return squash_read_link(&tree->squash, &link->squash, ret, err);
}

int tree_find_security(Tree *tree, const TreeEntry *entry, char **ret_name, Error *err) {
        if (is_folder(tree))
                return 0;
        return squash_find_security(&tree->squash, &entry->squash, ret_name, err);
}

int tree_get_root(Tree *tree, TreeEntry *ret, Error *err) {
        SquashEntry root;

        if (is_folder(tree))
                return tree_find(tree, ".", TREE_FOLLOW_LAST, ret, err) < 0 ? -1 : 0;
        if (squash_get_root(&tree->squash, &root, err) < 0)
                return -1;
        take_squash(&root, ret);
        return 0;
}

/* ---- walking: one visitor behind another ---- */

typedef struct Walk {
        TreeVisit visit;
        void *data;
} Walk;

static int visit_squash(void *data, const char *path, const SquashEntry *entry, Error *err) {
        const Walk *walk = data;
        TreeEntry found;

        take_squash(entry, &found);
        return walk->visit(walk->data, path, &found, err);
}

static int visit_folder(void *data, const char *path, const FolderEntry *entry, Error *err) {
        const Walk *walk = data;
        TreeEntry found;

        take_folder(entry, &found);
        return walk->visit(walk->data, path, &found, err);
}

int tree_walk(Tree *tree, const TreeEntry *directory, TreeVisit visit, void *data, Error *err) {
        Walk walk = { visit, data };

        if (is_folder(tree))
                return folder_walk(tree->folder, &directory->folder, visit_folder, &walk, err);
        return squash_walk(&tree->squash, &directory->squash, visit_squash, &walk, err);
}
