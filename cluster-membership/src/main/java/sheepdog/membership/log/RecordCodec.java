package sheepdog.membership.log;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/** Members and epochs as the log holds them. */
final class RecordCodec {
    private static final int ADDRESS_BYTES = 16;
    private static final int IO = 1;
    private static final int WITNESS = 2;
    private static final int MEMBER_BYTES_MIN = 8 + 8 + ADDRESS_BYTES + 4 + 1 + 4 + 4 + 8;

    private RecordCodec() {}

    static void write(Member member, FieldWriter out) {
        Node node = member.node();
        out.i64(member.storeId()).i64(member.incarnation());
        write(node.id(), out);
        out.u8((node.io().isPresent() ? IO : 0) | (member.witness() ? WITNESS : 0));
        node.io().ifPresent(io -> write(io, out));
        out.i32(node.vnodes()).i32(node.zone()).i64(node.space());
    }

    static Member readMember(FieldReader in) {
        long storeId = in.i64();
        long incarnation = in.i64();
        NodeId id = readId(in);
        int flags = in.u8();
        in.require((flags & ~(IO | WITNESS)) == 0, "flags");
        Optional<NodeId> io = (flags & IO) != 0 ? Optional.of(readId(in)) : Optional.empty();
        var node = new Node(id, io, in.i32(), in.i32(), in.i64());
        return new Member(node, storeId, incarnation, (flags & WITNESS) != 0);
    }

    static void write(List<Member> members, FieldWriter out) {
        out.i32(members.size());
        members.forEach(member -> write(member, out));
    }

    static List<Member> readMembers(FieldReader in) {
        int count = in.count(MEMBER_BYTES_MIN);
        var members = new ArrayList<Member>(count);
        for (int i = 0; i < count; i++) {
            members.add(readMember(in));
            in.require(
                    i == 0 || members.get(i - 1).node().compareTo(members.get(i).node()) < 0, "order of members");
        }
        return members;
    }

    static void write(EpochRecord epoch, FieldWriter out) {
        out.i32(epoch.epoch().number()).i64(epoch.timeSeconds());
        write(epoch.members(), out);
        out.longs(epoch.voters());
    }

    static EpochRecord readEpoch(FieldReader in) {
        return new EpochRecord(new Epoch(in.i32()), in.i64(), readMembers(in), in.longs());
    }

    private static void write(NodeId id, FieldWriter out) {
        out.raw(id.address()).i32(id.port());
    }

    private static NodeId readId(FieldReader in) {
        byte[] address = in.raw(ADDRESS_BYTES);
        int port = in.i32();
        in.require(0 <= port && port <= 0xffff, "port");
        return new NodeId(address, port);
    }
}
