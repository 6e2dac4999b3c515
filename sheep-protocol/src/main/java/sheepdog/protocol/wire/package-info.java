/**
 * Messages and the bytes they are on a connection: 48-byte headers, little endian, payloads behind them.
 *
 * <p>Start with {@link sheepdog.protocol.wire.Request} and {@link sheepdog.protocol.wire.Response}; the codecs beside
 * them are pure functions between messages and buffers. {@link sheepdog.protocol.wire.PeerRequest} is what sheep say to
 * one another. Knows nothing of sockets, and of what a request does.
 */
package sheepdog.protocol.wire;
