package sheepdog.sheep.testkit;

import java.util.Optional;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;

/** Members by number: sheep 1 is 10.0.0.1:7000 in zone 1 with store id 101, in its first incarnation. */
public final class Sheep {
    private Sheep() {}

    public static Member member(int number) {
        return member(number, 1);
    }

    public static Member member(int number, long incarnation) {
        return member(number, incarnation, 64);
    }

    /** One that stores nothing, any more or at all. */
    public static Member gateway(int number, long incarnation) {
        return member(number, incarnation, 0);
    }

    private static Member member(int number, long incarnation, int vnodes) {
        var id = NodeId.of("10.0.0." + number, 7000);
        return new Member(new Node(id, Optional.empty(), vnodes, number, 1L << 40), 100 + number, incarnation);
    }
}
