package sheepdog.membership.log;

import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;
import sheepdog.membership.consensus.MalformedException;

/** What the log's own entries say. Their form is on disk: a new one gets a new type. */
sealed interface Command {
    /**
     * A command of the state machine.
     *
     * @param sequence    of the proposer's process; it and the store and incarnation name the proposal
     * @param ackedBelow  the proposer needs no results of proposals before this one any more
     * @param wallSeconds the proposer's clock
     */
    record Proposal(long storeId, long incarnation, long sequence, long ackedBelow, long wallSeconds, byte[] bytes)
            implements Command {}

    /** A member of the epoch runs as a new process. */
    record Started(Member member) implements Command {}

    /** The first entry of a cluster: the command that formats it. */
    record Genesis(long wallSeconds, byte[] bytes) implements Command {}

    /** The process {@code incarnation} has written into its store's directory how old that is. */
    record Raised(long storeId, long incarnation, long age) implements Command {}

    default byte[] encode() {
        var out = new FieldWriter();
        switch (this) {
            case Proposal p ->
                out.u8(1)
                        .i64(p.storeId)
                        .i64(p.incarnation)
                        .i64(p.sequence)
                        .i64(p.ackedBelow)
                        .i64(p.wallSeconds)
                        .raw(p.bytes);
            case Started s -> RecordCodec.write(s.member, out.u8(2));
            case Raised r -> out.u8(4).i64(r.storeId).i64(r.incarnation).i64(r.age);
            case Genesis g -> out.u8(3).i64(g.wallSeconds).raw(g.bytes);
        }
        return out.toBytes();
    }

    static Command decode(byte[] bytes) {
        var in = new FieldReader(bytes);
        int type = in.u8();
        return switch (type) {
            case 1 -> new Proposal(in.i64(), in.i64(), in.i64(), in.i64(), in.i64(), in.rest());
            case 2 -> {
                Member member = RecordCodec.readMember(in);
                in.end();
                yield new Started(member);
            }
            case 3 -> new Genesis(in.i64(), in.rest());
            case 4 -> {
                var raised = new Raised(in.i64(), in.i64(), in.i64());
                in.end();
                yield raised;
            }
            default -> throw new MalformedException("entry of type " + type);
        };
    }
}
