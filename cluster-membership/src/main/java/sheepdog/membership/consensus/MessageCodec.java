package sheepdog.membership.consensus;

import java.util.ArrayList;
import java.util.List;
import sheepdog.membership.consensus.Message.Append;
import sheepdog.membership.consensus.Message.AppendReply;
import sheepdog.membership.consensus.Message.Applied;
import sheepdog.membership.consensus.Message.Handover;
import sheepdog.membership.consensus.Message.Heartbeat;
import sheepdog.membership.consensus.Message.HeartbeatReply;
import sheepdog.membership.consensus.Message.SnapshotChunk;
import sheepdog.membership.consensus.Message.SnapshotReply;
import sheepdog.membership.consensus.Message.VoteReply;
import sheepdog.membership.consensus.Message.VoteRequest;

/** {@link Message} to bytes and back. The version of the format stands in the envelope around it. */
public final class MessageCodec {
    private static final Entry.Kind[] KINDS = Entry.Kind.values();

    private MessageCodec() {}

    public static void write(Message message, FieldWriter out) {
        switch (message) {
            case VoteRequest m ->
                out.u8(1)
                        .i64(m.term())
                        .flag(m.trial())
                        .flag(m.handover())
                        .i64(m.lastIndex())
                        .i64(m.lastTerm())
                        .i64(m.dead())
                        .i64(m.deadIncarnation());
            case VoteReply m -> out.u8(2).i64(m.term()).flag(m.trial()).flag(m.granted());
            case Append m -> {
                out.u8(3).i64(m.term()).i64(m.incarnation()).i64(m.prevIndex()).i64(m.prevTerm());
                out.i64(m.commit()).i32(m.entries().size());
                m.entries().forEach(entry -> writeEntry(entry, out));
            }
            case AppendReply m ->
                out.u8(4)
                        .i64(m.term())
                        .i64(m.incarnation())
                        .flag(m.accepted())
                        .i64(m.index())
                        .i64(m.hint())
                        .i64(m.hintTerm());
            case Heartbeat m ->
                out.u8(5)
                        .i64(m.term())
                        .i64(m.incarnation())
                        .i64(m.sentAt())
                        .i64(m.commit())
                        .flag(m.grants())
                        .i64(m.toIncarnation())
                        .i64(m.askedAt())
                        .i64(m.askedApplied());
            case HeartbeatReply m ->
                out.u8(6)
                        .i64(m.term())
                        .i64(m.incarnation())
                        .i64(m.leaderSentAt())
                        .i64(m.sentAt())
                        .i64(m.match())
                        .i64(m.applied());
            case SnapshotChunk m -> {
                out.u8(7).i64(m.term()).i64(m.incarnation()).i64(m.index());
                out.i32(m.total()).i32(m.offset()).bytes(m.bytes());
            }
            case SnapshotReply m ->
                out.u8(8).i64(m.term()).i64(m.incarnation()).i64(m.index()).i32(m.received());
            case Handover m -> out.u8(9).i64(m.term());
            case Applied m -> out.u8(10).i64(m.term()).i64(m.incarnation()).i64(m.index());
        }
    }

    /** @throws MalformedException if there is no message at the reader's place, or more than one */
    public static Message read(FieldReader in) {
        int type = in.u8();
        long term = in.i64();
        in.require(term >= 0, "term");
        Message message = switch (type) {
            case 1 -> new VoteRequest(term, in.flag(), in.flag(), in.i64(), in.i64(), in.i64(), in.i64());
            case 2 -> new VoteReply(term, in.flag(), in.flag());
            case 3 -> readAppend(term, in);
            case 4 -> new AppendReply(term, in.i64(), in.flag(), in.i64(), in.i64(), in.i64());
            case 5 -> new Heartbeat(term, in.i64(), in.i64(), in.i64(), in.flag(), in.i64(), in.i64(), in.i64());
            case 6 -> new HeartbeatReply(term, in.i64(), in.i64(), in.i64(), in.i64(), in.i64());
            case 7 -> new SnapshotChunk(term, in.i64(), in.i64(), in.i32(), in.i32(), in.bytes());
            case 8 -> new SnapshotReply(term, in.i64(), in.i64(), in.i32());
            case 9 -> new Handover(term);
            case 10 -> new Applied(term, in.i64(), in.i64());
            default -> throw new MalformedException("message type " + type);
        };
        in.end();
        return message;
    }

    /** Also the form of entries on disk. */
    public static void writeEntry(Entry entry, FieldWriter out) {
        out.i64(entry.index()).i64(entry.term()).u8(entry.kind().ordinal()).bytes(entry.data());
    }

    /** @throws MalformedException if there is no entry at the reader's place */
    public static Entry readEntry(FieldReader in) {
        long index = in.i64();
        long term = in.i64();
        int kind = in.u8();
        in.require(index > 0 && term > 0 && kind < KINDS.length, "entry");
        return new Entry(index, term, KINDS[kind], in.bytes());
    }

    private static Append readAppend(long term, FieldReader in) {
        long incarnation = in.i64();
        long prevIndex = in.i64();
        long prevTerm = in.i64();
        long commit = in.i64();
        in.require(prevIndex >= 0 && prevTerm >= 0, "append");
        int count = in.count(21);
        List<Entry> entries = new ArrayList<>(count);
        long last = prevTerm;
        for (int i = 0; i < count; i++) {
            Entry entry = readEntry(in);
            in.require(entry.index() == prevIndex + 1 + i, "index");
            in.require(last <= entry.term() && entry.term() <= term, "term");
            last = entry.term();
            if (entry.kind() == Entry.Kind.CONFIG) {
                in.require(!Config.decode(entry.data()).current().voters().isEmpty(), "voters");
            }
            entries.add(entry);
        }
        return new Append(term, incarnation, prevIndex, prevTerm, entries, commit);
    }
}
