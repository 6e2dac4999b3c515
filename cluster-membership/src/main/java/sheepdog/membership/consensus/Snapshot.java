package sheepdog.membership.consensus;

/**
 * The state after the entries up to {@code index}, which it replaces.
 *
 * @param term   term of the entry at {@code index}
 * @param config in force at {@code index}
 * @param data   the owner's
 */
public record Snapshot(long index, long term, Config config, byte[] data) {
    public byte[] encode() {
        var out = new FieldWriter().i64(index).i64(term);
        config.write(out);
        return out.bytes(data).toBytes();
    }

    /** @throws MalformedException if these are not the bytes of one */
    public static Snapshot decode(byte[] bytes) {
        var in = new FieldReader(bytes);
        long index = in.i64();
        long term = in.i64();
        in.require(index >= 0 && term >= 0, "snapshot");
        var snapshot = new Snapshot(index, term, Config.read(in), in.bytes());
        in.require(!snapshot.config.current().voters().isEmpty(), "voters");
        in.end();
        return snapshot;
    }

    @Override
    public String toString() {
        return "snapshot " + index + "@" + term + "[" + data.length + "]";
    }
}
