package sheepdog.membership.consensus;

/** A message for the node {@code to}. It may be lost, doubled, or overtaken. */
public record Outgoing(long to, Message message) {}
