package sheepdog.membership.consensus;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.function.LongUnaryOperator;

/**
 * Who votes and who learns. While {@code previous} is not empty the change is joint: both quorums must agree. A change
 * of voters always goes through such a phase, because with the tie rule of {@link Quorum} the deciding sets of two lists
 * that differ by one voter need not meet.
 *
 * @param learners members that do not vote
 * @param payload  the owner's; empty in the entry that ends a joint phase
 */
public record Config(Quorum current, Quorum previous, List<Long> learners, byte[] payload) {
    public Config {
        learners = List.copyOf(learners);
    }

    public boolean joint() {
        return !previous.voters().isEmpty();
    }

    /** This one, entered from {@code old}. */
    public Config enteredFrom(Config old) {
        boolean same = old.current.equals(current);
        return new Config(current, same ? Quorum.NONE : old.current, learners, payload);
    }

    /** The end of the joint phase. */
    Config left() {
        return new Config(current, Quorum.NONE, learners, new byte[0]);
    }

    public boolean votes(long id) {
        return current.contains(id) || previous.contains(id);
    }

    /** Whether {@code id} will still be in it when a joint phase is over. */
    public boolean member(long id) {
        return current.contains(id) || learners.contains(id);
    }

    /** Everybody entries go to. */
    public Set<Long> all() {
        var all = new LinkedHashSet<>(current.voters());
        all.addAll(previous.voters());
        all.addAll(learners);
        return all;
    }

    public boolean reachedBy(LongPredicate agrees) {
        return current.reachedBy(agrees) && (!joint() || previous.reachedBy(agrees));
    }

    public long agreed(LongUnaryOperator value) {
        long now = current.agreed(value);
        return joint() ? Math.min(now, previous.agreed(value)) : now;
    }

    public byte[] encode() {
        var out = new FieldWriter();
        write(out);
        return out.toBytes();
    }

    /** @throws MalformedException if these are not the bytes of one */
    public static Config decode(byte[] bytes) {
        var in = new FieldReader(bytes);
        Config config = read(in);
        in.end();
        return config;
    }

    void write(FieldWriter out) {
        out.longs(current.voters()).i64(current.tie());
        out.longs(previous.voters()).i64(previous.tie());
        out.longs(learners).bytes(payload);
    }

    static Config read(FieldReader in) {
        Quorum current = quorum(in);
        Quorum previous = quorum(in);
        return new Config(current, previous, in.longs(), in.bytes());
    }

    private static Quorum quorum(FieldReader in) {
        List<Long> voters = in.longs();
        long tie = in.i64();
        in.require(new LinkedHashSet<>(voters).size() == voters.size(), "voters");
        in.require(voters.isEmpty() ? tie == 0 : voters.contains(tie), "tie");
        return new Quorum(voters, tie);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Config that
                && current.equals(that.current)
                && previous.equals(that.previous)
                && learners.equals(that.learners)
                && Arrays.equals(payload, that.payload);
    }

    @Override
    public int hashCode() {
        return current.hashCode() * 31 + learners.hashCode();
    }

    @Override
    public String toString() {
        return "voters=" + current.voters() + (joint() ? " from " + previous.voters() : "") + " learners=" + learners;
    }
}
