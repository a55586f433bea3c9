/* SPDX-License-Identifier: Apache-2.0
 *
 * libmicrohttpd is linked statically and its TLS half is never reached on our sockets: these stand
 * in for GnuTLS, whose mapping would more than double the time from exec to ready (1.9 ms against
 * 0.8 ms, 219 page faults against 56).  Were one ever called, the process would end.
 */
#include <stddef.h>
#include <stdlib.h>

#define ABSENT(name)                \
        _Noreturn void name(void);  \
        _Noreturn void name(void) { \
                abort();            \
        }
/* Called when the library is loaded and unloaded. */
#define NOTHING_TO_DO(name) \
        int name(void);     \
        int name(void) {    \
                return 0;   \
        }

NOTHING_TO_DO(gnutls_global_init)
NOTHING_TO_DO(gnutls_global_deinit)

extern void *(*gnutls_malloc)(size_t size);
void *(*gnutls_malloc)(size_t size) = malloc;

ABSENT(gnutls_alpn_set_protocols)
ABSENT(gnutls_bye)
ABSENT(gnutls_certificate_allocate_credentials)
ABSENT(gnutls_certificate_free_credentials)
ABSENT(gnutls_certificate_server_set_request)
ABSENT(gnutls_certificate_set_dh_params)
ABSENT(gnutls_certificate_set_retrieve_function2)
ABSENT(gnutls_certificate_set_retrieve_function3)
ABSENT(gnutls_certificate_set_x509_key_mem)
ABSENT(gnutls_certificate_set_x509_key_mem2)
ABSENT(gnutls_certificate_set_x509_trust_mem)
ABSENT(gnutls_cipher_get)
ABSENT(gnutls_credentials_set)
ABSENT(gnutls_deinit)
ABSENT(gnutls_dh_params_deinit)
ABSENT(gnutls_dh_params_import_pkcs3)
ABSENT(gnutls_dh_params_init)
ABSENT(gnutls_handshake)
ABSENT(gnutls_init)
ABSENT(gnutls_priority_deinit)
ABSENT(gnutls_priority_init)
ABSENT(gnutls_priority_set)
ABSENT(gnutls_protocol_get_version)
ABSENT(gnutls_psk_allocate_server_credentials)
ABSENT(gnutls_psk_free_server_credentials)
ABSENT(gnutls_psk_set_server_credentials_function)
ABSENT(gnutls_record_check_pending)
ABSENT(gnutls_record_get_direction)
ABSENT(gnutls_record_recv)
ABSENT(gnutls_record_send)
ABSENT(gnutls_session_get_ptr)
ABSENT(gnutls_session_set_ptr)
ABSENT(gnutls_strerror)
ABSENT(gnutls_transport_set_int2)
