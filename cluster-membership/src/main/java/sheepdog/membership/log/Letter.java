package sheepdog.membership.log;

import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;
import sheepdog.membership.consensus.MalformedException;
import sheepdog.membership.consensus.Message;
import sheepdog.membership.consensus.MessageCodec;

/**
 * What the logs of two sheep say to each other; in an {@link Envelope}.
 *
 * <pre>
 *   version u8 | cluster i64 | type u8 | what the type has | CRC32C u32 of all before it        (little endian)
 * </pre>
 *
 * <p>The checksum is there because what a leader says is written to disk and believed for ever, and those of UDP and TCP
 * are short.
 */
sealed interface Letter {
    /** Version of all letters; another one is refused by name. */
    int VERSION = 3;

    int CHECKSUM_BYTES = 4;

    /** @param cluster whose log it is about; 0 from a sheep that belongs to none */
    record Envelope(long cluster, Letter letter) {}

    /** From core to core. */
    record Core(Message message) implements Letter {}

    /** To the leader: put this into the log. */
    record Propose(Command.Proposal proposal) implements Letter {}

    /** To the leader: the sender has given back its lease and wants to be out of the next epoch. */
    record Leave(long incarnation) implements Letter {}

    /** From the leader: an epoch without the receiver's process {@code incarnation} is committed. */
    record Released(long incarnation) implements Letter {}

    /** To all: {@code storeId} does not answer. */
    record Complaint(long storeId) implements Letter {}

    /** A cluster to be: its first snapshot and entry, encoded. */
    record Offer(byte[] snapshot, byte[] entry) implements Letter {}

    record OfferReply(boolean accepted) implements Letter {}

    /** To a voter of a cluster that all have been offered: stand for election. */
    record Stand() implements Letter {}

    /** The sender belongs to the cluster of the envelope, not to the receiver's. */
    record Foreign() implements Letter {}

    /** Is there another process with the sender's store id? {@code answer}: there is, {@code self}. */
    record Twin(boolean answer, long nonce, boolean serving, Member self) implements Letter {}

    /**
     * To a process with the receiver's store id: its directory is an old copy.
     *
     * @param incarnation of the process that is meant
     * @param age         how old its store is known to be
     */
    record Outdated(long incarnation, long age) implements Letter {}

    /** To the leader: the process {@code incarnation} has raised its store's age. */
    record Raised(long incarnation, long age) implements Letter {}

    /** To the leader: the sender and {@code storeId} may not reach each other. */
    record Doubt(long storeId) implements Letter {}

    /**
     * From the leader: do you reach {@code target}?
     *
     * @param all both are members, and everybody is to hear of it if not; else the leader alone hears
     */
    record Check(Member target, boolean all) implements Letter {}

    /** What the sender has found out. */
    record Checked(long storeId, boolean all, boolean transport, boolean port) implements Letter {}

    /** Is the way to you and back whole? {@code answer}: it is. */
    record Ping(boolean answer, long nonce) implements Letter {}

    /**
     * From the leader to all: {@code storeId} is kept out, or not any more.
     *
     * @param times      how often that happened lately
     * @param elapsedNanos since it was put out
     * @param notReached stores that it does not reach, or that do not reach it
     */
    record Barred(long storeId, int times, long elapsedNanos, boolean lifted, List<Long> notReached) implements Letter {
        public Barred {
            notReached = List.copyOf(notReached);
        }
    }
    /** Is there a leader in the cluster of the envelope, and how much of its log has the receiver? */
    record ForceAsk(long nonce) implements Letter {}

    /**
     * @param led whether the sender follows a leader, or may still do so
     * @param term of its log's last entry; and that entry's index
     */
    record ForceReply(long nonce, boolean led, long term, long index) implements Letter {}

    /** The receiver has most of the log: it is to go on by force. */
    record ForceGo() implements Letter {}

    /**
     * From the leader of a cluster that went on by force, the envelope's: the receiver's cluster is one that it continues.
     *
     * @param predecessor the receiver's
     * @param keeps       whether the receiver's store was there then, so that it may come with what it has
     */
    record Superseded(long predecessor, boolean keeps) implements Letter {}

    static byte[] encode(Envelope envelope) {
        var out = new FieldWriter().u8(VERSION).i64(envelope.cluster());
        switch (envelope.letter()) {
            case Core core -> MessageCodec.write(core.message, out.u8(1));
            case Propose propose -> out.u8(2).raw(propose.proposal.encode());
            case Leave leave -> out.u8(3).i64(leave.incarnation);
            case Released released -> out.u8(4).i64(released.incarnation);
            case Complaint complaint -> out.u8(5).i64(complaint.storeId);
            case Offer offer -> out.u8(6).bytes(offer.snapshot).bytes(offer.entry);
            case OfferReply reply -> out.u8(7).flag(reply.accepted);
            case Foreign() -> out.u8(8);
            case Stand() -> out.u8(10);
            case Outdated outdated -> out.u8(11).i64(outdated.incarnation).i64(outdated.age);
            case ForceAsk ask -> out.u8(21).i64(ask.nonce);
            case ForceReply reply ->
                out.u8(22).i64(reply.nonce).flag(reply.led).i64(reply.term).i64(reply.index);
            case ForceGo() -> out.u8(23);
            case Superseded superseded -> out.u8(24).i64(superseded.predecessor).flag(superseded.keeps);
            case Raised raised -> out.u8(12).i64(raised.incarnation).i64(raised.age);
            case Doubt doubt -> out.u8(13).i64(doubt.storeId);
            case Check check -> RecordCodec.write(check.target, out.u8(14).flag(check.all));
            case Checked checked ->
                out.u8(15)
                        .i64(checked.storeId)
                        .flag(checked.all)
                        .flag(checked.transport)
                        .flag(checked.port);
            case Ping ping -> out.u8(16).flag(ping.answer).i64(ping.nonce);
            case Barred barred -> {
                out.u8(17)
                        .i64(barred.storeId)
                        .i32(barred.times)
                        .i64(barred.elapsedNanos)
                        .flag(barred.lifted);
                out.longs(barred.notReached);
            }
            case Twin twin ->
                RecordCodec.write(
                        twin.self, out.u8(9).flag(twin.answer).i64(twin.nonce).flag(twin.serving));
        }
        return out.i32(checksum(out.toBytes())).toBytes();
    }

    private static int checksum(byte[] bytes) {
        var sum = new CRC32C();
        sum.update(bytes);
        return (int) sum.getValue();
    }

    /** @throws MalformedException if these are not the bytes of one, or of another version */
    static Envelope decode(byte[] bytes) {
        int version = new FieldReader(bytes).u8();
        if (version != VERSION) {
            throw new MalformedException("cluster log message of version " + version + ", known is " + VERSION);
        }
        if (bytes.length <= CHECKSUM_BYTES) {
            throw new MalformedException("cluster log message of " + bytes.length + " bytes");
        }
        byte[] body = Arrays.copyOf(bytes, bytes.length - CHECKSUM_BYTES);
        var end = new FieldReader(Arrays.copyOfRange(bytes, body.length, bytes.length));
        if (end.i32() != checksum(body)) {
            throw new MalformedException("cluster log message with a wrong checksum");
        }
        var in = new FieldReader(body);
        in.u8();
        long cluster = in.i64();
        int type = in.u8();
        Letter letter = switch (type) {
            case 1 -> new Core(MessageCodec.read(in));
            case 2 -> {
                if (!(Command.decode(in.rest()) instanceof Command.Proposal proposal)) {
                    throw new MalformedException("not a proposal");
                }
                in.require(proposal.bytes().length <= ClusterLog.COMMAND_BYTES_MAX, "size of the command");
                yield new Propose(proposal);
            }
            case 3 -> new Leave(in.i64());
            case 4 -> new Released(in.i64());
            case 5 -> new Complaint(in.i64());
            case 6 -> new Offer(in.bytes(), in.bytes());
            case 7 -> new OfferReply(in.flag());
            case 8 -> new Foreign();
            case 10 -> new Stand();
            case 11 -> new Outdated(in.i64(), in.i64());
            case 12 -> new Raised(in.i64(), in.i64());
            case 13 -> new Doubt(in.i64());
            case 14 -> {
                boolean all = in.flag();
                yield new Check(RecordCodec.readMember(in), all);
            }
            case 15 -> new Checked(in.i64(), in.flag(), in.flag(), in.flag());
            case 16 -> new Ping(in.flag(), in.i64());
            case 17 -> {
                long id = in.i64();
                int times = in.i32();
                long elapsed = in.i64();
                boolean lifted = in.flag();
                in.require(times > 0 && elapsed >= 0, "times");
                yield new Barred(id, times, elapsed, lifted, in.longs());
            }
            case 21 -> new ForceAsk(in.i64());
            case 22 -> new ForceReply(in.i64(), in.flag(), in.i64(), in.i64());
            case 23 -> new ForceGo();
            case 24 -> new Superseded(in.i64(), in.flag());
            case 9 -> new Twin(in.flag(), in.i64(), in.flag(), RecordCodec.readMember(in));
            default -> throw new MalformedException("message type " + type);
        };
        in.end();
        return new Envelope(cluster, letter);
    }
}
