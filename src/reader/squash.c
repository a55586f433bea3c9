/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/squash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"

#define LINK_COUNT_MAX  40
#define LINK_LENGTH_MAX 4096
#define NAME_LENGTH_MAX 255
#define BLOCK_LOG_MIN   12
#define BLOCK_LOG_MAX   20

static int fail_corrupt(Error *err, const char *what) {
        return error_set(err, ERROR_CORRUPT, "image is damaged: %s", what);
}

/* ---- opening: what the library takes on faith is looked at first ---- */

static bool is_within(uint64_t start, uint64_t end) {
        return start >= sizeof(struct squashfs_super_block) && start < end;
}

static bool has_sane_tables(const struct squashfs_super_block *super) {
        uint64_t end = le64toh(super->bytes_used);
        uint64_t xattrs = le64toh(super->xattr_id_table_start);
        uint64_t fragments = le64toh(super->fragment_table_start);
        uint64_t lookup = le64toh(super->lookup_table_start);

        /* A table of n entries has n/entries-per-block pointers of 8 bytes at its start. */
        uint64_t id_pointers = (le16toh(super->no_ids) * UINT64_C(4) + 8191) / 8192 * 8;
        uint64_t fragment_pointers = (le32toh(super->fragments) * UINT64_C(16) + 8191) / 8192 * 8;

        if (!is_within(le64toh(super->inode_table_start), end) ||
            !is_within(le64toh(super->directory_table_start), end) ||
            !is_within(le64toh(super->id_table_start), end) || super->no_ids == 0)
                return false;
        if (id_pointers > end - le64toh(super->id_table_start))
                return false;
        if (super->fragments != 0 &&
            (!is_within(fragments, end) || fragment_pointers > end - fragments))
                return false;
        if (xattrs != UINT64_MAX && !is_within(xattrs, end))
                return false;
        if (lookup == UINT64_MAX)
                return true;
        uint64_t lookup_pointers = (le32toh(super->inodes) * UINT64_C(8) + 8191) / 8192 * 8;
        return is_within(lookup, end) && lookup_pointers <= end - lookup;
}

static int check_super(const struct squashfs_super_block *super, uint64_t file_size, Error *err) {
        uint64_t used = le64toh(super->bytes_used);
        unsigned block_log = le16toh(super->block_log);

        if (le16toh(super->s_major) != SQUASHFS_MAJOR)
                return error_set(err, ERROR_SNAP_NOT_A_SNAP,
                                 "not a snap or snapdir: squashfs of version %u",
                                 le16toh(super->s_major));
        if (used > file_size)
                return error_set(err, ERROR_CORRUPT, "image is truncated: %llu of %llu bytes",
                                 (unsigned long long)file_size, (unsigned long long)used);
        if (block_log < BLOCK_LOG_MIN || block_log > BLOCK_LOG_MAX ||
            le32toh(super->block_size) != 1u << block_log)
                return fail_corrupt(err, "bad block size");
        if (le32toh(super->inodes) > IMAGE_ENTRY_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "image has more than %d entries",
                                 IMAGE_ENTRY_COUNT_MAX);
        if (!has_sane_tables(super))
                return fail_corrupt(err, "tables lie outside of it");
        return 0;
}

static int check_file(int fd, uint64_t *ret_size, Error *err) {
        struct squashfs_super_block super;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_set_errno(err, errno, "cannot look at the image");
        ssize_t count = pread(fd, &super, sizeof(super), 0);
        if (count < 0)
                return error_set_errno(err, errno, "cannot read the image");
        if ((size_t)count < sizeof(super.s_magic) || le32toh(super.s_magic) != SQUASHFS_MAGIC)
                return error_set(err, ERROR_SNAP_NOT_A_SNAP, "not a snap or snapdir");
        if ((size_t)count < sizeof(super))
                return error_set(err, ERROR_CORRUPT, "image is truncated: %zd bytes", count);
        *ret_size = (uint64_t)st.st_size;
        return check_super(&super, *ret_size, err);
}

int squash_open(int fd, Squash *ret, Error *err) {
        Squash image = SQUASH_INIT;

        if (check_file(fd, &image.size, err) < 0)
                return -1;
        switch (sqfs_init(&image.fs, fd, 0)) {
        case SQFS_OK:
                break;
        case SQFS_BADCOMP:
                return error_set(err, ERROR_BAD_REQUEST,
                                 "image uses a compression that is not supported");
        default:
                return fail_corrupt(err, "it cannot be opened");
        }
        image.is_open = true;
        *ret = image;
        return 0;
}

void squash_close(Squash *image) {
        if (image->is_open)
                sqfs_destroy(&image->fs);
        *image = SQUASH_INIT;
}

/* ---- single entries ---- */

/* What the library takes on faith is looked at before: offsets beyond the end of a short block, and
 * position 0, which its cache takes for "nothing there". */
static bool is_sane_position(const Squash *image, uint64_t position) {
        return position >= sizeof(struct squashfs_super_block) && position < image->size;
}

static bool has_metadata(Squash *image, sqfs_md_cursor cursor, size_t size) {
        sqfs_block *block = NULL;
        sqfs_off_t position = cursor.block;

        return is_sane_position(image, (uint64_t)position) &&
               sqfs_md_cache(&image->fs, &position, &block) == SQFS_OK && block &&
               cursor.offset < block->size && size <= block->size - cursor.offset;
}

static bool is_sane_cursor(Squash *image, sqfs_md_cursor cursor) {
        return has_metadata(image, cursor, 0);
}

/* Entry `index` of a table whose blocks are listed; the index is in range. */
static bool is_sane_table_entry(Squash *image, const sqfs_table *table, size_t index) {
        size_t at = index * table->each;
        sqfs_md_cursor cursor = {
                .block = (sqfs_off_t)table->blocks[at / SQUASHFS_METADATA_SIZE],
                .offset = at % SQUASHFS_METADATA_SIZE,
        };

        return has_metadata(image, cursor, table->each);
}

static bool is_sane_inode_id(Squash *image, sqfs_inode_id id) {
        sqfs_md_cursor cursor;

        sqfs_md_cursor_inode(&cursor, id, (sqfs_off_t)image->fs.sb.inode_table_start);
        return is_sane_cursor(image, cursor);
}

/* An empty directory has no listing, and says 3 for its size. */
static bool is_sane_directory(Squash *image, const sqfs_inode *inode) {
        sqfs_md_cursor cursor = {
                .block = (sqfs_off_t)(image->fs.sb.directory_table_start +
                                      inode->xtra.dir.start_block),
                .offset = inode->xtra.dir.offset,
        };

        return inode->xtra.dir.dir_size <= 3 || is_sane_cursor(image, cursor);
}

static int load_entry(Squash *image, sqfs_inode_id id, SquashEntry *ret, Error *err) {
        SquashEntry entry = { 0 };

        if (!is_sane_inode_id(image, id) || sqfs_inode_get(&image->fs, &entry.inode, id) != SQFS_OK)
                return fail_corrupt(err, "an inode cannot be read");
        entry.mode = entry.inode.base.mode;
        if (S_ISDIR(entry.mode) && !is_sane_directory(image, &entry.inode))
                return fail_corrupt(err, "a directory cannot be read");
        if (S_ISREG(entry.mode))
                entry.size = entry.inode.xtra.reg.file_size;
        *ret = entry;
        return 0;
}

int squash_get_root(Squash *image, SquashEntry *ret, Error *err) {
        if (load_entry(image, sqfs_inode_root(&image->fs), ret, err) < 0)
                return -1;
        return S_ISDIR(ret->mode) ? 0 : fail_corrupt(err, "its root is not a directory");
}

int squash_read_link(Squash *image, const SquashEntry *link, char **ret, Error *err) {
        char target[LINK_LENGTH_MAX + 1];
        size_t size = sizeof(target);
        sqfs_inode inode = link->inode;

        if (inode.xtra.symlink_size > LINK_LENGTH_MAX)
                return fail_corrupt(err, "a symbolic link is too long");
        if (sqfs_readlink(&image->fs, &inode, target, &size) != SQFS_OK)
                return fail_corrupt(err, "a symbolic link cannot be read");
        *ret = string_copy(target);
        return 0;
}

/* The end of a file may lie in a block shared with others. */
static bool is_sane_fragment(Squash *image, sqfs_inode *inode) {
        struct squashfs_fragment_entry fragment;
        uint32_t index = inode->xtra.reg.frag_idx;
        sqfs_block *block = NULL;
        size_t offset = 0;
        size_t size = 0;

        if (index == SQUASHFS_INVALID_FRAG)
                return true;
        return index < image->fs.sb.fragments &&
               is_sane_table_entry(image, &image->fs.frag_table, index) &&
               sqfs_frag_entry(&image->fs, &fragment, index) == SQFS_OK &&
               is_sane_position(image, fragment.start_block) &&
               sqfs_frag_block(&image->fs, inode, &offset, &size, &block) == SQFS_OK && block &&
               offset <= block->size && size <= block->size - offset;
}

/* Of a file's own blocks the first; the others follow it, and there are few of them here. */
static bool has_sane_blocks(Squash *image, sqfs_inode *inode) {
        return sqfs_blocklist_count(&image->fs, inode) == 0 ||
               is_sane_position(image, inode->xtra.reg.start_block);
}

int squash_read_file(Squash *image, const SquashEntry *file, size_t max, char **ret,
                     size_t *ret_length, Error *err) {
        sqfs_inode inode = file->inode;
        sqfs_off_t count = (sqfs_off_t)file->size;

        if (!S_ISREG(file->mode))
                return error_set(err, ERROR_BAD_REQUEST, "not a regular file");
        if (file->size > max)
                return error_set(err, ERROR_TOO_LARGE, "larger than %zu bytes", max);
        if (!has_sane_blocks(image, &inode) || !is_sane_fragment(image, &inode))
                return fail_corrupt(err, "a file cannot be read");
        autofree char *bytes = memory_new((size_t)file->size + 1);
        /* In one go: after a short block the library would go wrong in a second. */
        if (sqfs_read_range(&image->fs, &inode, 0, &count, bytes) != SQFS_OK ||
            (uint64_t)count != file->size)
                return fail_corrupt(err, "a file cannot be read");
        *ret = take(bytes);
        *ret_length = (size_t)file->size;
        return 0;
}

/* By the number of the namespace: the library's own names for "security" and "trusted" are the
 * wrong way round (0.1.105). */
int squash_find_security(Squash *image, const SquashEntry *entry, char **ret_name, Error *err) {
        sqfs_inode inode = entry->inode;
        sqfs_xattr cursor;

        if (inode.xattr == SQUASHFS_INVALID_XATTR || image->fs.xattr_info.xattr_ids == 0)
                return 0;
        if (inode.xattr >= image->fs.xattr_info.xattr_ids ||
            !is_sane_table_entry(image, &image->fs.xattr_table, inode.xattr) ||
            sqfs_xattr_open(&image->fs, &inode, &cursor) != SQFS_OK ||
            (cursor.remain > 0 && !is_sane_cursor(image, cursor.c_next)))
                return fail_corrupt(err, "attributes cannot be read");
        while (cursor.remain > 0) {
                char name[NAME_LENGTH_MAX + 1];
                if (sqfs_xattr_read(&cursor) != SQFS_OK)
                        return fail_corrupt(err, "an attribute cannot be read");
                if (cursor.type != SQUASHFS_XATTR_SECURITY)
                        continue;
                size_t length = cursor.entry.size;
                if (length > NAME_LENGTH_MAX || sqfs_xattr_name(&cursor, name, false) != SQFS_OK)
                        return fail_corrupt(err, "an attribute cannot be read");
                name[length] = '\0';
                *ret_name = string_format("security.%s", name);
                return 1;
        }
        return 0;
}

/* ---- paths ---- */

/* A lookup under way: the directories from the root to where it is, and what is left to go. */
typedef struct Lookup {
        Squash *image;
        SquashEntry stack[IMAGE_DEPTH_MAX];
        size_t depth; /* of the current entry; 0 is the root */
        char *rest;   /* owned */
        unsigned link_count;
} Lookup;

/* The target stands in for the link: in front of what was left, from the link's own directory. */
static int follow_link(Lookup *lookup, const char *rest, Error *err) {
        autofree char *target = NULL;

        if (squash_read_link(lookup->image, &lookup->stack[lookup->depth], &target, err) < 0)
                return -1;
        if (*target == '/' || *target == '\0' || ++lookup->link_count > LINK_COUNT_MAX ||
            strlen(rest) > LINK_LENGTH_MAX)
                return 0;
        char *longer = string_format("%s/%s", target, rest);
        free(lookup->rest);
        lookup->rest = longer;
        lookup->depth--;
        return 1;
}

/* Goes to a name in the current directory; 1 = is there. */
static int enter(Lookup *lookup, const char *name, size_t length, Error *err) {
        SquashEntry *current = &lookup->stack[lookup->depth];
        sqfs_dir_entry found;
        sqfs_name buffer;
        bool is_found = false;

        if (length == 0 || (length == 1 && *name == '.'))
                return 1;
        if (length == 2 && name[0] == '.' && name[1] == '.') {
                if (lookup->depth == 0)
                        return 0;
                lookup->depth--;
                return 1;
        }
        if (!S_ISDIR(current->mode) || length > NAME_LENGTH_MAX ||
            lookup->depth + 1 == IMAGE_DEPTH_MAX)
                return 0;
        sqfs_dentry_init(&found, buffer);
        if (sqfs_dir_lookup(&lookup->image->fs, &current->inode, name, length, &found, &is_found) !=
            SQFS_OK)
                return fail_corrupt(err, "a directory cannot be read");
        if (!is_found)
                return 0;
        lookup->depth++;
        if (load_entry(lookup->image, sqfs_dentry_inode(&found), &lookup->stack[lookup->depth],
                       err) < 0)
                return -1;
        return 1;
}

static int walk_path(Lookup *lookup, SquashFind how, Error *err) {
        const char *rest = lookup->rest;

        while (*rest != '\0') {
                size_t length = strcspn(rest, "/");
                int outcome = enter(lookup, rest, length, err);
                if (outcome <= 0)
                        return outcome;
                rest += length;
                rest += strspn(rest, "/");
                bool is_last = *rest == '\0';
                if (!S_ISLNK(lookup->stack[lookup->depth].mode) ||
                    (is_last && how == SQUASH_KEEP_LAST))
                        continue;
                outcome = follow_link(lookup, rest, err);
                if (outcome <= 0)
                        return outcome;
                rest = lookup->rest;
        }
        return 1;
}

int squash_find(Squash *image, const char *path, SquashFind how, SquashEntry *ret, Error *err) {
        autofree Lookup *lookup = memory_new(sizeof(*lookup));

        lookup->image = image;
        if (squash_get_root(image, &lookup->stack[0], err) < 0)
                return -1;
        lookup->rest = string_copy(path);
        int outcome = walk_path(lookup, how, err);
        free(lookup->rest);
        if (outcome > 0)
                *ret = lookup->stack[lookup->depth];
        return outcome;
}

/* ---- walking ---- */

/* What no file system makes, but a file can say. */
static bool is_name(const char *name) {
        return *name != '\0' && !strchr(name, '/') && !string_equal(name, ".") &&
               !string_equal(name, "..");
}

static size_t count_levels(const char *path) {
        size_t levels = 1;

        for (; *path != '\0'; path++)
                levels += *path == '/';
        return levels;
}

static int visit_current(Squash *image, sqfs_traverse *traverse, SquashVisit visit, void *data,
                         Error *err) {
        SquashEntry entry;
        const char *path = traverse->path;

        path += *path == '/';
        if (!is_name(sqfs_dentry_name(&traverse->entry)))
                return fail_corrupt(err, "a file name is none");
        if (count_levels(path) > IMAGE_DEPTH_MAX)
                return error_set(err, ERROR_TOO_LARGE, "image has more than %d levels",
                                 IMAGE_DEPTH_MAX);
        if (load_entry(image, sqfs_dentry_inode(&traverse->entry), &entry, err) < 0)
                return -1;
        /* The directory says the type too; a reader that believes it must not be led astray. */
        if ((entry.mode & S_IFMT) != (sqfs_dentry_mode(&traverse->entry) & S_IFMT))
                return fail_corrupt(err, "directory and inode disagree");
        return visit(data, path, &entry, err);
}

int squash_walk(Squash *image, const SquashEntry *directory, SquashVisit visit, void *data,
                Error *err) {
        sqfs_inode inode = directory->inode;
        sqfs_traverse traverse;
        sqfs_err status = SQFS_OK;
        unsigned count = 0;
        int outcome = 0;

        if (sqfs_traverse_open_inode(&traverse, &image->fs, &inode) != SQFS_OK)
                return fail_corrupt(err, "a directory cannot be read");
        while (outcome >= 0 && sqfs_traverse_next(&traverse, &status)) {
                if (traverse.dir_end)
                        continue;
                if (++count > IMAGE_ENTRY_COUNT_MAX)
                        outcome = error_set(err, ERROR_TOO_LARGE, "image has more than %d entries",
                                            IMAGE_ENTRY_COUNT_MAX);
                else
                        outcome = visit_current(image, &traverse, visit, data, err);
        }
        sqfs_traverse_close(&traverse);
        if (outcome >= 0 && status != SQFS_OK)
                return fail_corrupt(err, "a directory cannot be read");
        return outcome;
}
