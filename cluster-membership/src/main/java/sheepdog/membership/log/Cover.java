package sheepdog.membership.log;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import sheepdog.membership.api.Member;
import sheepdog.membership.log.Reports.Link;

/**
 * Whom to put out so that all who stay reach each other: as few as possible, so that those who stay decide. Of several
 * such choices the one that keeps the leader; then the one that leaves most zones, then most stores with data; then the
 * one that puts out who alone finds a link broken; then those that come later in the epoch record. Pure.
 */
final class Cover {
    /** With more members at broken links than this, one is put out after the other, the one with most of them first. */
    private static final int EXACT_MAX = 14;

    private final List<Member> members;
    private final Set<Link> broken;
    private final long leader;
    private final ToLongFunction<Set<Long>> blame;
    private final Predicate<Set<Long>> feasible;

    /**
     * @param members  of the epoch, in its order
     * @param broken   links between them
     * @param blame    how many of those put out alone find their link broken
     * @param feasible whether the others can decide without them
     */
    Cover(
            List<Member> members,
            Set<Link> broken,
            long leader,
            ToLongFunction<Set<Long>> blame,
            Predicate<Set<Long>> feasible) {
        this.members = List.copyOf(members);
        this.broken = new TreeSet<>(broken);
        this.leader = leader;
        this.blame = blame;
        this.feasible = feasible;
    }

    /**
     * Those to put out at once. If the others cannot do without all of them, the first of them that they can do without;
     * empty if there is none.
     */
    Optional<Set<Long>> choose() {
        if (broken.isEmpty()) {
            return Optional.empty();
        }
        List<Long> ends = ends();
        if (ends.size() > EXACT_MAX) {
            return one(new TreeSet<>(ends));
        }
        Optional<Set<Long>> whole = best(ends, feasible);
        return whole.isPresent() ? whole : best(ends, _ -> true).flatMap(this::one);
    }

    private List<Long> ends() {
        return members.stream()
                .map(Member::storeId)
                .filter(id -> broken.stream().anyMatch(link -> link.touches(id)))
                .toList();
    }

    private Optional<Set<Long>> best(List<Long> ends, Predicate<Set<Long>> allowed) {
        Comparator<Set<Long>> order = Comparator.<Set<Long>>comparingInt(Set::size)
                .thenComparing(out -> out.contains(leader))
                .thenComparing(Comparator.comparingLong(this::zonesWithout).reversed())
                .thenComparing(Comparator.comparingLong(this::storesWithout).reversed())
                .thenComparing(Comparator.comparingLong(blame).reversed())
                .thenComparing(Comparator.comparingInt(this::lateness).reversed());
        var covers = new ArrayList<Set<Long>>();
        for (int chosen = 1; chosen < 1 << ends.size(); chosen++) {
            var out = new TreeSet<Long>();
            for (int i = 0; i < ends.size(); i++) {
                if ((chosen & 1 << i) != 0) {
                    out.add(ends.get(i));
                }
            }
            if (broken.stream().allMatch(link -> out.contains(link.low()) || out.contains(link.high()))
                    && allowed.test(out)) {
                covers.add(out);
            }
        }
        return covers.stream().min(order);
    }

    private Optional<Set<Long>> one(Set<Long> of) {
        var degree = new TreeMap<Long, Integer>();
        broken.forEach(link -> {
            degree.merge(link.low(), 1, Integer::sum);
            degree.merge(link.high(), 1, Integer::sum);
        });
        return of.stream()
                .filter(id -> id != leader)
                .<Set<Long>>map(Set::of)
                .filter(feasible)
                .max(Comparator.<Set<Long>>comparingInt(
                                out -> degree.get(out.iterator().next()))
                        .thenComparingLong(this::zonesWithout)
                        .thenComparingInt(this::lateness));
    }

    private long zonesWithout(Set<Long> out) {
        return members.stream()
                .filter(member ->
                        !out.contains(member.storeId()) && member.node().storesObjects())
                .map(member -> member.node().zone())
                .distinct()
                .count();
    }

    private long storesWithout(Set<Long> out) {
        return members.stream()
                .filter(member ->
                        !out.contains(member.storeId()) && member.node().storesObjects())
                .count();
    }

    private int lateness(Set<Long> out) {
        int sum = 0;
        for (int i = 0; i < members.size(); i++) {
            sum += out.contains(members.get(i).storeId()) ? i : 0;
        }
        return sum;
    }
}
