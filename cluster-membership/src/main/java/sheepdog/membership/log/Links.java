package sheepdog.membership.log;

import java.time.Duration;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.log.Reports.Link;

/**
 * What a leader has looked at: links between members that somebody doubts, and who of those that are kept out may come
 * back. It only asks; what was found of members is in {@link Reports}, what of others in {@link Bars}. Loop-owned.
 */
final class Links {
    private static final Logger LOG = LoggerFactory.getLogger(Links.class);

    /** By then all that was asked in a round has come, or will not. */
    private static final Duration ROUND = Reach.LIMIT.plusMillis(200);
    /** A link is looked at no sooner again. */
    private static final Duration AGAIN = Duration.ofSeconds(2);
    /** So long after somebody doubted it last. */
    private static final Duration DOUBTED = Duration.ofSeconds(4);
    /** Of a large cluster only so many are asked about the ends of a link. */
    private static final int ASKED_MAX = 16;

    private static final Duration BAR_ROUND = Duration.ofSeconds(3);
    private static final Duration BAR_TOLD = Duration.ofSeconds(1);
    /** Rounds in a row in which all were reached, both ways. */
    private static final int GOOD_ROUNDS = 2;

    private final Member self;
    private final Neighbours neighbours;
    private final Bars bars;
    private final Questions questions;
    private final TreeMap<Link, Long> doubtedAt = new TreeMap<>();
    private final TreeMap<Link, Long> lookedAt = new TreeMap<>();
    private long roundAt = Long.MIN_VALUE / 2;
    private final TreeMap<Long, Round> rounds = new TreeMap<>();
    private final TreeMap<Long, Integer> goodRounds = new TreeMap<>();
    private long toldAt = Long.MIN_VALUE / 2;

    /** How others, and this sheep itself, are asked. */
    interface Questions {
        /** Has {@code who} look whether it reaches {@code target}; {@code all} are to know what it finds. */
        void ask(long who, Member target, boolean all);

        void tell(Letter.Barred barred);
    }

    /** One look at one who is kept out: from it to each member, and from each member to it. */
    private static final class Round {
        private final long since;
        private final TreeSet<Long> from = new TreeSet<>();
        private final TreeSet<Long> to = new TreeSet<>();

        Round(long since, EpochRecord epoch) {
            this.since = since;
            epoch.members().forEach(member -> {
                from.add(member.storeId());
                to.add(member.storeId());
            });
        }

        Set<Long> open() {
            var open = new TreeSet<>(from);
            open.addAll(to);
            return open;
        }
    }

    Links(Member self, Neighbours neighbours, Bars bars, Questions questions) {
        this.self = self;
        this.neighbours = neighbours;
        this.bars = bars;
        this.questions = questions;
    }

    /** {@code by} doubts that it and {@code of} reach each other. */
    void doubt(long by, long of, EpochRecord epoch, long now) {
        if (by != of && epoch.store(by).isPresent() && epoch.store(of).isPresent()) {
            doubtedAt.put(Link.of(by, of), now);
        }
    }

    /** What was under way is another's to ask anew. */
    void leadsNoMore() {
        doubtedAt.clear();
        rounds.clear();
        goodRounds.clear();
    }

    /** Asks what is due. */
    void act(EpochRecord epoch, long now) {
        doubtedAt
                .entrySet()
                .removeIf(doubt -> now - doubt.getValue() > DOUBTED.toNanos()
                        || epoch.store(doubt.getKey().low()).isEmpty()
                        || epoch.store(doubt.getKey().high()).isEmpty());
        lookedAt.values().removeIf(at -> now - at > AGAIN.toNanos());
        var due = new TreeSet<>(doubtedAt.keySet());
        due.removeAll(lookedAt.keySet());
        if (!due.isEmpty() && isSettled(now)) {
            roundAt = now;
            due.forEach(link -> lookedAt.put(link, now));
            lookAtAllOf(due, epoch);
        }
        bars.tidy(epoch, now);
        Set<Long> barred = bars.barred();
        goodRounds.keySet().retainAll(barred);
        rounds.keySet().retainAll(barred);
        barred.forEach(id -> neighbours.visible(id).ifPresent(candidate -> look(candidate, epoch, now)));
        if (now - toldAt > BAR_TOLD.toNanos()) {
            toldAt = now;
            bars.letters(now).forEach(questions::tell);
        }
    }

    /**
     * Whether nobody is looking now. What is found in a round is to be judged together: it may be one end of several
     * broken links that is at fault.
     */
    boolean isSettled(long now) {
        return now - roundAt >= ROUND.toNanos();
    }

    /** The links that are doubted, and all others of their ends. */
    private void lookAtAllOf(Set<Link> doubted, EpochRecord epoch) {
        var ends = new TreeSet<Long>();
        doubted.forEach(link -> {
            ends.add(link.low());
            ends.add(link.high());
        });
        var links = new TreeSet<>(doubted);
        for (Member member :
                epoch.members().subList(0, Math.min(ASKED_MAX, epoch.members().size()))) {
            ends.stream()
                    .filter(end -> end != member.storeId())
                    .forEach(end -> links.add(Link.of(end, member.storeId())));
        }
        for (Link link : links) {
            questions.ask(link.low(), process(epoch.store(link.high()).orElseThrow()), true);
            questions.ask(link.high(), process(epoch.store(link.low()).orElseThrow()), true);
        }
    }

    private Member process(Member member) {
        return member.storeId() == self.storeId()
                ? self
                : neighbours.visible(member.storeId()).orElse(member);
    }

    private void look(Member candidate, EpochRecord epoch, long now) {
        long id = candidate.storeId();
        Round last = rounds.get(id);
        if (last != null && now - last.since < BAR_ROUND.toNanos()) {
            return;
        }
        if (last != null) {
            Set<Long> notReached = last.open();
            bars.found(id, notReached, now);
            int good = notReached.isEmpty() ? goodRounds.getOrDefault(id, 0) + 1 : 0;
            goodRounds.put(id, good);
            if (good >= GOOD_ROUNDS && bars.isWaitOver(id, now)) {
                LOG.info("all members and node={} reach each other", candidate);
                bars.lift(id, now);
                rounds.remove(id);
                toldAt = Long.MIN_VALUE / 2;
                return;
            }
        }
        rounds.put(id, new Round(now, epoch));
        for (Member member : epoch.members()) {
            questions.ask(member.storeId(), candidate, false);
            questions.ask(id, process(member), false);
        }
    }

    /** {@code by} has answered this leader alone. */
    void answered(long by, Letter.Checked found) {
        boolean whole = found.transport() && found.port();
        if (whole && rounds.containsKey(by)) {
            rounds.get(by).from.remove(found.storeId());
        }
        if (whole && rounds.containsKey(found.storeId())) {
            rounds.get(found.storeId()).to.remove(by);
        }
    }
}
