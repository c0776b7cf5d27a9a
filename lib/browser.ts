throw new Error(
  "valve-sockets: the direct API needs Node.js; in browsers use the layers above it, such as 'valve-sockets/socket'",
);

export {};
