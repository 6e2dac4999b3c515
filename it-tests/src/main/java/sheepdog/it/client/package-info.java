/**
 * A client that sends exactly the bytes it is told to: what real clients do not send, and what none should. Start with
 * {@link sheepdog.it.client.WireClient}. It uses nothing of the product, so that a mistake in the product's codecs does
 * not hide in its tests.
 */
package sheepdog.it.client;
