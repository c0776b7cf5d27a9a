# What GNS is compiled with beyond its own defaults, for every build of it here: development, sanitizers, shipped binary.
# Without Valve's certificate authority in it, an authority of one's own can be believed (docs/security.md); an empty
# list of authorities believes nobody.
set(GNS_DEFINITIONS STEAMNETWORKINGSOCKETS_ALLOW_DYNAMIC_SELFSIGNED_CERTS)
