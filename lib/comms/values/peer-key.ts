/** How peers are told apart. */
export type PeerKey = string | number | bigint | object;
