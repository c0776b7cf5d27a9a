# Definitions for every build of GNS here: development, sanitizers, shipped binary. This one leaves out Valve's
# certificate authority, so that GNS can trust an authority of the user's (docs/security.md). While the list of
# authorities is empty, GNS trusts nobody.
set(GNS_DEFINITIONS STEAMNETWORKINGSOCKETS_ALLOW_DYNAMIC_SELFSIGNED_CERTS)
