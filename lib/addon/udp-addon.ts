/**
 * Byte offsets of a datagram's slot in a slab of UDP; slots have equal size. A slot of length 0 holds nothing. An address
 * is 16 bytes, and `scope` the interface of a link-local one. (UdpSlot in native/udp/udp_socket.h.)
 */
export const UDP_SLOT = {
  ip: 0, // 16 bytes
  scope: 16, // u32
  port: 20, // u32
  length: 24, // u32, bytes of payload
  payload: 32,
} as const;
