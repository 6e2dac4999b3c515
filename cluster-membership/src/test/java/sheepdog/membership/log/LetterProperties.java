package sheepdog.membership.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Entry;
import sheepdog.membership.consensus.MalformedException;
import sheepdog.membership.consensus.Message;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

class LetterProperties {
    @Property
    void aLetterComesBackAsItWas(@ForAll("letters") Letter letter) {
        byte[] bytes = Letter.encode(new Letter.Envelope(7, letter));

        assertThat(Letter.encode(Letter.decode(bytes))).isEqualTo(bytes);
        assertThat(Letter.decode(bytes).letter()).isInstanceOf(letter.getClass());
    }

    @Property
    void oneThatLostOrChangedAByteOnTheWayIsRefused(
            @ForAll("letters") Letter letter,
            @ForAll @IntRange(min = 0) int place,
            @ForAll @IntRange(min = 1, max = 255) int by) {
        byte[] bytes = Letter.encode(new Letter.Envelope(7, letter));
        byte[] changed = bytes.clone();
        changed[place % bytes.length] ^= (byte) by;
        byte[] cut = Arrays.copyOf(bytes, place % bytes.length);

        assertThatThrownBy(() -> Letter.decode(changed)).isInstanceOf(MalformedException.class);
        assertThatThrownBy(() -> Letter.decode(cut)).isInstanceOf(MalformedException.class);
    }

    @Property
    void garbageIsRefused(@ForAll @Size(max = 200) byte[] garbage) {
        assertThatThrownBy(() -> Letter.decode(garbage)).isInstanceOf(MalformedException.class);
    }

    @Property(tries = 20)
    void aCommandLargerThanAnyThatASheepProposesIsRefused(@ForAll @IntRange(min = 1, max = 1000) int more) {
        var largest = new Command.Proposal(1, 1, 1, 1, 0, new byte[ClusterLog.COMMAND_BYTES_MAX]);
        var larger = new Command.Proposal(1, 1, 1, 1, 0, new byte[ClusterLog.COMMAND_BYTES_MAX + more]);

        Letter.decode(Letter.encode(new Letter.Envelope(7, new Letter.Propose(largest))));
        byte[] bytes = Letter.encode(new Letter.Envelope(7, new Letter.Propose(larger)));

        assertThatThrownBy(() -> Letter.decode(bytes)).isInstanceOf(MalformedException.class);
    }

    @Provide
    Arbitrary<Letter> letters() {
        var entry = new Entry(5, 3, Entry.Kind.COMMAND, new byte[] {1, 2});
        var node = new Node(NodeId.of("10.0.0.1", 7000), Optional.empty(), 64, 1, 1L << 30);
        return Arbitraries.of(
                new Letter.Core(new Message.VoteRequest(3, true, false, 5, 2, 0, 0)),
                new Letter.Core(new Message.VoteReply(3, true, false)),
                new Letter.Core(new Message.Append(3, 1, 4, 2, List.of(entry), 4)),
                new Letter.Core(new Message.AppendReply(3, 1, false, 4, 2, 1)),
                new Letter.Core(new Message.Heartbeat(3, 1, 99, 4, true, 1, 98, 4)),
                new Letter.Core(new Message.HeartbeatReply(3, 1, 99, 98, 4, 4)),
                new Letter.Core(new Message.SnapshotChunk(3, 1, 4, 100, 10, new byte[20])),
                new Letter.Core(new Message.SnapshotReply(3, 1, 4, 30)),
                new Letter.Core(new Message.Handover(3)),
                new Letter.Core(new Message.Applied(3, 1, 4)),
                new Letter.Propose(new Command.Proposal(1, 2, 3, 4, 5, new byte[] {6})),
                new Letter.Leave(2),
                new Letter.ForceAsk(9),
                new Letter.ForceReply(9, true, 3, 4),
                new Letter.ForceGo(),
                new Letter.Superseded(9, true),
                new Letter.Released(2),
                new Letter.Complaint(9),
                new Letter.Offer(new byte[] {1}, new byte[] {2, 3}),
                new Letter.OfferReply(true),
                new Letter.Stand(),
                new Letter.Foreign(),
                new Letter.Outdated(6, 7),
                new Letter.Raised(6, 7),
                new Letter.Doubt(9),
                new Letter.Check(new Member(node, 1, 2), true),
                new Letter.Checked(9, true, false, true),
                new Letter.Ping(true, 5),
                new Letter.Barred(9, 2, 77, false, List.of(3L, 4L)),
                new Letter.Twin(true, 5, false, new Member(node, 1, 2)));
    }
}
