/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Between checking an address and dialling it, nothing may ask the name servers again: their second answer was
 * not checked. GSocketClient is therefore given the checked addresses themselves, and does what it is good at:
 * trying them side by side (RFC 8305).
 */

#include "vetted-addresses.h"

#define VETTED_TYPE_ADDRESSES (vetted_addresses_get_type())
G_DECLARE_FINAL_TYPE(VettedAddresses, vetted_addresses, VETTED, ADDRESSES, GObject)
#define VETTED_TYPE_ENUMERATOR (vetted_enumerator_get_type())
G_DECLARE_FINAL_TYPE(VettedEnumerator, vetted_enumerator, VETTED, ENUMERATOR, GSocketAddressEnumerator)

struct _VettedAddresses {
    GObject parent;
    GPtrArray *addresses;
    guint16 port;
};

struct _VettedEnumerator {
    GSocketAddressEnumerator parent;
    GPtrArray *addresses;
    guint16 port;
    guint next;
};

static void vetted_addresses_connectable_init(GSocketConnectableIface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(VettedAddresses, vetted_addresses, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_SOCKET_CONNECTABLE,
                                                    vetted_addresses_connectable_init))
G_DEFINE_FINAL_TYPE(VettedEnumerator, vetted_enumerator, G_TYPE_SOCKET_ADDRESS_ENUMERATOR)

/* The base class's asynchronous form calls this one, which never blocks. */
static GSocketAddress *
vetted_enumerator_next(GSocketAddressEnumerator *enumerator, GCancellable *cancellable, GError **error)
{
    VettedEnumerator *self = VETTED_ENUMERATOR(enumerator);

    if (g_cancellable_set_error_if_cancelled(cancellable, error) || self->next == self->addresses->len)
        return NULL;
    return g_inet_socket_address_new(g_ptr_array_index(self->addresses, self->next++), self->port);
}

static void
vetted_enumerator_finalize(GObject *object)
{
    g_ptr_array_unref(VETTED_ENUMERATOR(object)->addresses);
    G_OBJECT_CLASS(vetted_enumerator_parent_class)->finalize(object);
}

static void
vetted_enumerator_class_init(VettedEnumeratorClass *class)
{
    G_OBJECT_CLASS(class)->finalize = vetted_enumerator_finalize;
    G_SOCKET_ADDRESS_ENUMERATOR_CLASS(class)->next = vetted_enumerator_next;
}

static void
vetted_enumerator_init(VettedEnumerator *self)
{
    (void)self;
}

static GSocketAddressEnumerator *
vetted_addresses_enumerate(GSocketConnectable *connectable)
{
    VettedAddresses *self = VETTED_ADDRESSES(connectable);
    VettedEnumerator *enumerator = g_object_new(VETTED_TYPE_ENUMERATOR, NULL);

    enumerator->addresses = g_ptr_array_ref(self->addresses);
    enumerator->port = self->port;
    return G_SOCKET_ADDRESS_ENUMERATOR(enumerator);
}

static void
vetted_addresses_connectable_init(GSocketConnectableIface *interface)
{
    interface->enumerate = vetted_addresses_enumerate;
    interface->proxy_enumerate = vetted_addresses_enumerate;
}

static void
vetted_addresses_finalize(GObject *object)
{
    g_ptr_array_unref(VETTED_ADDRESSES(object)->addresses);
    G_OBJECT_CLASS(vetted_addresses_parent_class)->finalize(object);
}

static void
vetted_addresses_class_init(VettedAddressesClass *class)
{
    G_OBJECT_CLASS(class)->finalize = vetted_addresses_finalize;
}

static void
vetted_addresses_init(VettedAddresses *self)
{
    (void)self;
}

GSocketConnectable *
vetted_addresses_new(GPtrArray *addresses, guint16 port)
{
    VettedAddresses *self = g_object_new(VETTED_TYPE_ADDRESSES, NULL);

    self->addresses = g_ptr_array_ref(addresses);
    self->port = port;
    return G_SOCKET_CONNECTABLE(self);
}
