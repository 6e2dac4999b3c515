/**
 * The values that two processes must agree on: object ids, nodes, epochs, result codes.
 *
 * <p>Start with {@link sheepdog.protocol.model.ObjectId} and {@link sheepdog.protocol.model.Node}. Knows nothing of
 * bytes on a wire ({@code protocol.wire}) nor of where objects are placed ({@code protocol.placement}).
 */
package sheepdog.protocol.model;
