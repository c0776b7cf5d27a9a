// The codes of all errors, with what happened and what to look at. docs/errors.md is made from this file
// (node scripts/errors.mjs). What happened has the same code on every transport, as
// far as that can tell what happened.

/** No connection came about. `connect` rejects with these; the message names transport, host and port. */
export interface ConnectErrorCodes {
  /**
   * The server rejected the proof of who the player is, or did not prove itself where the credential asks for it. Check
   * the secret or token on both sides.
   */
  ERR_AUTHENTICATION_FAILED: string;
  /**
   * The server accepted the connection, but the player's proof did not arrive in time. Check how long the `prove` of
   * the client's credential takes.
   */
  ERR_AUTHENTICATION_TIMEOUT: string;
  /**
   * The server's certificate is missing, expired, or signed by an authority that is not trusted. Somebody may be in the
   * middle: do not retry without it.
   */
  ERR_BAD_CERTIFICATE: string;
  /**
   * No server of this transport answered: nobody listens there, another program or transport has the port, or a
   * firewall drops the packets. Check host, port, that both sides have the same kind of socket factory, and that the
   * firewall lets the transport (UDP or TCP) through.
   */
  ERR_CONNECT_FAILED: string;
  /** The NATS server is older than 2.14: there several writers can win one key. Install a newer one. */
  ERR_ENGINE_VERSION: string;
  /** The server requires encryption. Give the client the server's key, or use `wss://`. */
  ERR_ENCRYPTION_REQUIRED: string;
  /** The server has no encryption of the kind that the client asks for. Check its `serverKey`. */
  ERR_ENCRYPTION_UNSUPPORTED: string;
  /**
   * The server answered, but the handshake did not finish within `handshakeTimeoutMs`. The path may lose packets; over
   * GNS and WebSocket the port may belong to another program that speaks these.
   */
  ERR_HANDSHAKE_TIMEOUT: string;
  /** WebCrypto is missing. Open the page from `https:` or localhost. */
  ERR_INSECURE_CONTEXT: string;
  /** The name has no address. Check its spelling, and the DNS server. */
  ERR_NAME_NOT_FOUND: string;
  /** The server asks who the player is, and the client has no credential. Give it `credential`. */
  ERR_NO_CREDENTIAL: string;
  /**
   * Something answers there, but not in this protocol: a GNS server a client over UDP, or the other way round, a web
   * server without WebSocket, or another program. Check the port and the path, and that both sides have the same kind
   * of socket factory.
   */
  ERR_OTHER_PROTOCOL: string;
  /** Something between the two ends changes the kind of transport (raw datagrams, a stream, GNS), or a socket of your
   * own says it is another kind at each end. Where a client just has another socket factory than the server, it is
   * `ERR_OTHER_PROTOCOL` or `ERR_CONNECT_FAILED`. */
  ERR_PROFILE_MISMATCH: string;
  /** Packets of 1128 bytes, the least, do not reach the server. Look for a tunnel with a small MTU on the path. */
  ERR_PATH_TOO_SMALL: string;
  /**
   * The two ends define different messages; the text names the first difference. Deploy both from the same protocol.
   */
  ERR_PROTOCOL_MISMATCH: string;
  /**
   * A server has redirected the client, that one again, and so on: more than four times, or again and again. Look at
   * what those servers know of each other.
   */
  ERR_REDIRECT_LOOP: string;
  /**
   * The client does not follow a redirect: it has no address for the client's kind of socket, it leads from the
   * Internet into a private network, or the connection would be less protected there. Check the addresses and keys of
   * the servers.
   */
  ERR_REDIRECT_REFUSED: string;
  /** The application on the server refused: its `beforeAccept` or a `disconnect`, with the code and text in the error's
   * `reason`. With the text "The server failed", its `beforeAccept` threw or gave no verdict: look at the server's
   * log. */
  ERR_REFUSED: string;
  /** Too many clients connect at this moment. Try again in a few seconds. */
  ERR_SERVER_BUSY: string;
  /** The server takes no new players any more: it is about to stop. Connect to another server, or later. */
  ERR_SERVER_CLOSED: string;
  /** The server has `maxConnections` connections. */
  ERR_SERVER_FULL: string;
  /**
   * The server does not have the key that the client expects. Somebody may be in the middle, or the server's key has
   * changed.
   */
  ERR_SERVER_KEY_MISMATCH: string;
  /** A token that is bound to no key needs an authenticated connection, or `allowUnboundToken`. */
  ERR_UNBOUND_TOKEN: string;
  /** The two ends run versions of the library whose wire formats differ. */
  ERR_VERSION_MISMATCH: string;
  /** A secret under 16 bytes needs an authenticated connection. */
  ERR_WEAK_SECRET: string;
}

/** A connection, a stream or a request ended, or cannot take more. */
export interface ConnectionErrorCodes {
  /** Another host has written this key first: read it, and decide again. Or there is a room of this id already. */
  ERR_CONFLICT: string;
  /** The connection ended while something waited for it. */
  ERR_CONNECTION_LOST: string;
  /** The player made more errors than its budget allows. */
  ERR_ERROR_LIMIT: string;
  /** Another host owns the room, and has appended to its log: this copy of the room ends. */
  ERR_FENCED: string;
  /**
   * Another host of the fleet has none of this one's keys as its first, or the other way round. Give all hosts the same
   * `fleetKey`; to change it, give all of them the new one as the second first.
   */
  ERR_FLEET_KEY: string;
  /** The other side sent something malformed. */
  ERR_INVALID_PACKET: string;
  /** The other side does not know this optional message, prefab or RPC. */
  ERR_MESSAGE_NOT_AGREED: string;
  /** The message is larger than its channel, or than the writer's limit, allows. Use a stream. */
  ERR_MESSAGE_SIZE: string;
  /** The other side's player has not authenticated. */
  ERR_NOT_AUTHENTICATED: string;
  /** The engine has no such bucket. Check its name, and whether a host has ever started there. */
  ERR_NO_BUCKET: string;
  /** Nobody answers requests of this subject. The host that did has ended, or has not begun. */
  ERR_NO_RESPONDERS: string;
  /** There is no connection. */
  ERR_NOT_CONNECTED: string;
  /** The other side's process ended without leaving first. Look at its log, and connect again when it runs. */
  ERR_PROCESS_ENDED: string;
  /** The object of the call is not there, or the player that was asked does not see it. */
  ERR_OBJECT_GONE: string;
  /** The queue is full. Wait for the event `drained` (of a Peer: `onDrain`). */
  ERR_QUEUE_FULL: string;
  /** The player has moved to another room or server, where it does not wait for this. */
  ERR_MOVED: string;
  /** The same client connected again; this is its earlier connection. */
  ERR_REPLACED: string;
  /** The handler on the other side failed, or there is none; the text says which, and the other side's log has more. */
  ERR_REQUEST_FAILED: string;
  /** The handler on the other side refused the request with the text of this error. */
  ERR_REQUEST_REFUSED: string;
  /** The room could not be opened, or was closed meanwhile; the host's log says why. */
  ERR_ROOM_FAILED: string;
  /** All seats of the room are taken or kept. */
  ERR_ROOM_FULL: string;
  /** The room is locked: only a ticket leads into it. */
  ERR_ROOM_LOCKED: string;
  /** There is no such room, or none that is free. Clients may not make rooms of every kind. */
  ERR_ROOM_NOT_FOUND: string;
  /** The host refused with the text of this error: the `admit` of the kind of rooms, or a move meanwhile. */
  ERR_ROOM_REFUSED: string;
  /** The method on the other side failed; its log says why. */
  ERR_RPC_FAILED: string;
  /**
   * The method on the other side refused with the text of this error, or the player may not call it: it does not own
   * the object, or calls more often than the rate limit allows.
   */
  ERR_RPC_REFUSED: string;
  /** The server has stopped. */
  ERR_SERVER_STOPPED: string;
  /**
   * A lost connection could not be resumed: the server was started again, or the session has ended. Call `connect`
   * again, or give the client `reconnect: true`; the server then sees a new player.
   */
  ERR_SESSION_UNKNOWN: string;
  /** The other side aborted the stream; see the error's `reason`. */
  ERR_STREAM_ABORTED: string;
  /** The other side rejected the stream; see the error's `reason`. */
  ERR_STREAM_REJECTED: string;
  /** The other side stopped reading the stream; see the error's `reason`. */
  ERR_STREAM_STOPPED: string;
  /** The transport's reliable messages are not those that the other side sent: there is a man in the middle. */
  ERR_TAMPERED: string;
  /** No answer or message came in time. */
  ERR_TIMEOUT: string;
  /**
   * More requests wait for answers than one connection, or the link to an engine, may have, or a client has asked about
   * rooms too often. Wait a second.
   */
  ERR_TOO_MANY_REQUESTS: string;
  /** The host has as many rooms as it may, or this player or its address has made too many that are still there. */
  ERR_TOO_MANY_ROOMS: string;
  /** More streams are open than one connection may have. Wait for one to end. */
  ERR_TOO_MANY_STREAMS: string;
}

/** Data cannot be read, or a key or value in it is wrong. */
export interface DataErrorCodes {
  /** The text is no server key. */
  ERR_BAD_SERVER_KEY: string;
  /** A value is not one that its type has. */
  ERR_BAD_VALUE: string;
  /** The message ends before its last value does. */
  ERR_END_OF_MESSAGE: string;
  /** A text, list or number is over its limit. */
  ERR_LIMIT: string;
  /** A handshake message was sealed with another key, or altered. */
  ERR_NOISE_DECRYPT: string;
  /** The other side's public key gives no shared secret. */
  ERR_NOISE_KEY: string;
  /** A handshake message has a length that none has. */
  ERR_NOISE_MESSAGE: string;
  /** Messages of a handshake were read or written out of order. */
  ERR_NOISE_STATE: string;
  /** Bits follow the message's last value. */
  ERR_TRAILING_BYTES: string;
  /** A recording cannot be written or read: the text says what is wrong with the file, and in which line. */
  ERR_RECORDING: string;
}

/** The program uses an object at the wrong time, or the system does not allow it. */
export interface UseErrorCodes {
  /** The system does not permit it (a port below 1024, a firewall rule). */
  ERR_ACCESS: string;
  /** Another socket uses this address and port. Take another port, or 0 for a free one. */
  ERR_ADDRESS_IN_USE: string;
  /** The object was closed, stopped or destroyed, or this happened while it waited. */
  ERR_CLOSED: string;
  /** GNS or the system failed in a way that has no code of its own; the message holds its words. */
  ERR_FAILED: string;
  /** The object is in use already. */
  ERR_IN_USE: string;
  /** `destroy()` was called on the message before. */
  ERR_MESSAGE_DESTROYED: string;
  /**
   * The user, the browser or the page's policy does not allow the microphone. Ask again when the user wants to speak.
   */
  ERR_MICROPHONE_DENIED: string;
  /** The microphone was unplugged, or may not be used any more. It is opened again when it is back. */
  ERR_MICROPHONE_LOST: string;
  /** There is no microphone, or not the one that was asked for, or another program has it. */
  ERR_MICROPHONE_MISSING: string;
  /** An optional package is missing (`ws`, `libopus-wasm`, `@nats-io/…`); the message says what to install. */
  ERR_MISSING_PACKAGE: string;
  /** `Library.initialize` has not been called, or the object is from before the last `deinitialize`. */
  ERR_NOT_INITIALIZED: string;
  /** This platform or transport cannot do it. */
  ERR_NOT_SUPPORTED: string;
  /** The package has no addon for this platform, or it cannot be loaded; the message says why. */
  ERR_NO_BINARY: string;
  /** `receive` was called without a packet to receive. Call `poll` first. */
  ERR_NO_PACKET: string;
  /** The protocol is in use, so that no message can be added. */
  ERR_PROTOCOL_FROZEN: string;
  /** `rewind` was called inside the function of another one, or its function returned a promise. */
  ERR_REWIND: string;
  /** The object is not in a state that allows this call. */
  ERR_STATE: string;
  /** GNS has at most 8191 connections in a process. */
  ERR_TOO_MANY_CONNECTIONS: string;
  /** The message is not in the protocol. */
  ERR_UNKNOWN_MESSAGE: string;
  /** Only the other side may do this: the server, or a client that owns the object. */
  ERR_WRONG_SIDE: string;
}

/** The XCS Socket module; `reason.text` of the error is XCS's name of it (`ENOTOPEN`). */
export interface XcsErrorCodes {
  /** The system does not permit this port. Give `portOffset` (`--port-offset 8000` makes 80 the port 8080). */
  ERR_XCS_ACCESS: string;
  /** Another module of this computer, or another program, has the port open. Close it there, or take another port. */
  ERR_XCS_ADDRESS_IN_USE: string;
  /** This module has the port open already, with this protocol or the other one. Close it first. */
  ERR_XCS_ALREADY_OPEN: string;
  /** Data is a string or a Uint8Array. */
  ERR_XCS_BAD_DATA: string;
  /** A port is a whole number from 1 to 65535, and so is its sum with `portOffset`. */
  ERR_XCS_BAD_PORT: string;
  /** The port was closed, or the module ended, while this waited. */
  ERR_XCS_CLOSED: string;
  /** The system failed in a way that has no code of its own; the message holds its words. */
  ERR_XCS_FAILED: string;
  /** The data is larger than a datagram (65507 bytes), or than `maxMessageSize`. Cut it, or raise the limit. */
  ERR_XCS_MESSAGE_SIZE: string;
  /** The Socket module is not active any more. Activate it again. */
  ERR_XCS_NOT_ACTIVE: string;
  /** There is nobody to write to. Open the port on another computer, or check `peers` and `connect`. */
  ERR_XCS_NOT_CONNECTED: string;
  /** The port is not open in this module. Open it first; a second close fails too. */
  ERR_XCS_NOT_OPEN: string;
  /** Another module of this computer has opened the port. Only that module may use it. */
  ERR_XCS_OTHER_MODULE: string;
  /** A peer sent what is no XCS message over TCP, or announced one that is too large. It was cut off. */
  ERR_XCS_PROTOCOL: string;
  /** There are two protocols, `UDP` and `TCP`, in upper case. */
  ERR_XCS_PROTOCOL_UNSUPPORTED: string;
  /** Too many writes or reads wait on this port. Await the earlier ones. */
  ERR_XCS_QUEUE_FULL: string;
  /** The line is no request. The message says what is wrong, and how the command is written. */
  ERR_XCS_SYNTAX: string;
  /** No data has arrived within `timeoutMs`. */
  ERR_XCS_TIMEOUT: string;
}

/** A wrong argument: a `TypeError` or `RangeError`, not a `NetworkError`. */
export interface ArgumentErrorCodes {
  /** An argument or option has the wrong type. */
  ERR_INVALID_ARG_TYPE: string;
  /** The text is no IP address. */
  ERR_INVALID_IP_ADDRESS: string;
  /** An argument or option is outside its range. */
  ERR_OUT_OF_RANGE: string;
  /** There is no option of this name; the message names the nearest. */
  ERR_UNKNOWN_OPTION: string;
}

/** The `code` of a {@link NetworkError}. docs/errors.md says what each means. */
export type NetworkErrorCode = keyof (ConnectErrorCodes &
  ConnectionErrorCodes &
  DataErrorCodes &
  UseErrorCodes &
  XcsErrorCodes);

/** The `code` of a `TypeError` or `RangeError` of this package. */
export type ArgumentErrorCode = keyof ArgumentErrorCodes;
