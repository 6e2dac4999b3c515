package sheepdog.membership.log;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;

/**
 * Which proposals were applied, and what they came to, as long as their proposer may ask again: so each is applied once
 * however often it comes. Part of the state; the same on all nodes at one index.
 */
final class Sessions {
    /** Stores remembered; beyond it the one that has been quiet longest is forgotten. */
    static final int SESSIONS_MAX = 4096;

    private final TreeMap<Long, Session> sessions = new TreeMap<>();

    private static final class Session {
        private long incarnation;
        private long ackedBelow;
        private long lastIndex;
        private final TreeMap<Long, byte[]> results = new TreeMap<>();
    }

    /** Whether {@code proposal} has not been applied before, and may be. */
    boolean fresh(Command.Proposal proposal) {
        Session session = sessions.get(proposal.storeId());
        if (session == null || proposal.incarnation() > session.incarnation) {
            return true;
        }
        return proposal.incarnation() == session.incarnation
                && proposal.sequence() >= session.ackedBelow
                && !session.results.containsKey(proposal.sequence());
    }

    /** {@code proposal}, a fresh one, was applied at {@code index}. */
    void applied(long index, Command.Proposal proposal, byte[] result) {
        Session session = sessions.computeIfAbsent(proposal.storeId(), _ -> new Session());
        if (proposal.incarnation() > session.incarnation) {
            session.incarnation = proposal.incarnation();
            session.ackedBelow = 0;
            session.results.clear();
        }
        session.lastIndex = index;
        session.results.put(proposal.sequence(), result);
        session.ackedBelow = Math.max(session.ackedBelow, proposal.ackedBelow());
        session.results.headMap(session.ackedBelow).clear();
        if (sessions.size() > SESSIONS_MAX) {
            sessions.entrySet().stream()
                    .min((a, b) -> Long.compare(a.getValue().lastIndex, b.getValue().lastIndex))
                    .map(Map.Entry::getKey)
                    .ifPresent(sessions::remove);
        }
    }

    Optional<byte[]> result(long storeId, long incarnation, long sequence) {
        Session session = sessions.get(storeId);
        return session == null || session.incarnation != incarnation
                ? Optional.empty()
                : Optional.ofNullable(session.results.get(sequence));
    }

    void write(FieldWriter out) {
        out.i32(sessions.size());
        sessions.forEach((storeId, session) -> {
            out.i64(storeId).i64(session.incarnation).i64(session.ackedBelow).i64(session.lastIndex);
            out.i32(session.results.size());
            session.results.forEach((sequence, result) -> out.i64(sequence).bytes(result));
        });
    }

    static Sessions read(FieldReader in) {
        var all = new Sessions();
        int count = in.count(36);
        for (int i = 0; i < count; i++) {
            var session = new Session();
            long storeId = in.i64();
            session.incarnation = in.i64();
            session.ackedBelow = in.i64();
            session.lastIndex = in.i64();
            int results = in.count(12);
            for (int j = 0; j < results; j++) {
                session.results.put(in.i64(), in.bytes());
            }
            all.sessions.put(storeId, session);
        }
        return all;
    }
}
