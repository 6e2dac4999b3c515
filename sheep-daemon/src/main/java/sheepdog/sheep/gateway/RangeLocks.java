package sheepdog.sheep.gateway;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.ObjectId;

/**
 * Keeps requests of this gateway that touch the same bytes in one order: two overlapping writes would otherwise reach
 * two replicas in two orders, and a read could show a write that another read does not show yet (R6).
 *
 * <p>Mutations wait for earlier overlapping mutations, reads too; nothing waits for a read. Loop-owned. In order of
 * arrival, so nobody starves.
 */
final class RangeLocks {
    private final Map<ObjectId, List<Ticket>> byObject = new HashMap<>();

    /** A place in the queue of one object. */
    final class Ticket {
        private final ObjectId oid;
        private final int from;
        private final int to;
        private final boolean mutation;
        private final Runnable granted;
        private boolean running;

        private Ticket(ObjectId oid, int from, int to, boolean mutation, Runnable granted) {
            this.oid = oid;
            this.from = from;
            this.to = to;
            this.mutation = mutation;
            this.granted = granted;
        }

        private boolean conflicts(Ticket earlier) {
            return earlier.mutation && from < earlier.to && earlier.from < to;
        }

        /** The request is over: those that waited for it may run. Once. */
        void release() {
            List<Ticket> queue = byObject.get(oid);
            Invariant.check(queue != null && queue.remove(this), "lock of %s released twice", oid);
            if (queue.isEmpty()) {
                byObject.remove(oid);
            } else {
                grant(List.copyOf(queue));
            }
        }
    }

    /** {@code granted} runs at once, or when the conflicting requests before it are released. */
    Ticket acquire(ObjectId oid, int from, int to, boolean mutation, Runnable granted) {
        var ticket = new Ticket(oid, from, Math.max(to, from + 1), mutation, granted);
        byObject.computeIfAbsent(oid, _ -> new ArrayList<>()).add(ticket);
        return ticket;
    }

    /** Runs {@code ticket} if nothing is in its way; to be called once its holder knows the ticket. */
    void start(Ticket ticket) {
        grant(List.of(ticket));
    }

    private void grant(List<Ticket> candidates) {
        for (Ticket ticket : candidates) {
            List<Ticket> queue = byObject.get(ticket.oid);
            if (!ticket.running && queue != null && queue.contains(ticket) && !isBlocked(ticket, queue)) {
                ticket.running = true;
                ticket.granted.run();
            }
        }
    }

    private static boolean isBlocked(Ticket ticket, List<Ticket> queue) {
        for (Ticket earlier : queue) {
            if (earlier == ticket) {
                return false;
            }
            if (ticket.conflicts(earlier)) {
                return true;
            }
        }
        return false;
    }

    boolean isEmpty() {
        return byObject.isEmpty();
    }
}
