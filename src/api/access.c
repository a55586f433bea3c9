/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"

AccessVerdict access_check(Access access, const Peer *peer) {
        bool is_main = peer->socket == PEER_SOCKET_MAIN;
        /* Confinement lowers rights: uid 0 inside a package is not the administrator. */
        bool is_root = peer->uid == 0 && !peer->is_confined;

        if (is_main == (access == ACCESS_SNAP))
                return ACCESS_DENIED;
        switch (access) {
        case ACCESS_OPEN:
        case ACCESS_SNAP:
                return ACCESS_GRANTED;
        case ACCESS_AUTH:
                if (peer->is_confined)
                        return ACCESS_UNAUTHORIZED;
                return is_root ? ACCESS_GRANTED : ACCESS_ASK;
        case ACCESS_ROOT:
                return is_root ? ACCESS_GRANTED : ACCESS_DENIED;
        case ACCESS_NONE:
        case ACCESS_COUNT:
                break;
        }
        return ACCESS_DENIED;
}
