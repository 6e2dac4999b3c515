package sheepdog.membership.log;

import java.util.Optional;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;
import sheepdog.membership.consensus.MalformedException;

/**
 * What a snapshot of the log holds.
 *
 * @param cluster the cluster's random id, never 0
 * @param epoch   the current one; number 0 before the command that formats has been applied
 * @param ages    how old the stores are
 * @param lineage of which clusters this one is the continuation
 * @param machine the state machine's part; empty before anything was applied
 */
record LogState(
        long cluster, EpochRecord epoch, Sessions sessions, StoreAges ages, Lineage lineage, Optional<byte[]> machine) {
    private static final int VERSION = 3;
    private static final int BEFORE_LINEAGE = 2;
    private static final int BEFORE_AGES = 1;

    byte[] encode() {
        var out = new FieldWriter().u8(VERSION).i64(cluster);
        RecordCodec.write(epoch, out);
        sessions.write(out);
        ages.write(out);
        lineage.write(out);
        out.flag(machine.isPresent());
        machine.ifPresent(out::raw);
        return out.toBytes();
    }

    /** @throws MalformedException if these are not the bytes of one, or of another version */
    static LogState decode(byte[] bytes) {
        var in = new FieldReader(bytes);
        int version = in.u8();
        if (version < BEFORE_AGES || VERSION < version) {
            throw new MalformedException("snapshot of version " + version + ", known is " + VERSION);
        }
        long cluster = in.i64();
        in.require(cluster != 0, "cluster");
        EpochRecord epoch = RecordCodec.readEpoch(in);
        Sessions sessions = Sessions.read(in);
        StoreAges ages = version == BEFORE_AGES ? new StoreAges() : StoreAges.read(in);
        Lineage lineage = version <= BEFORE_LINEAGE ? Lineage.NONE : Lineage.read(in);
        return new LogState(
                cluster, epoch, sessions, ages, lineage, in.flag() ? Optional.of(in.rest()) : Optional.empty());
    }
}
