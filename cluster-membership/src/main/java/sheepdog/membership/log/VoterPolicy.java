package sheepdog.membership.log;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Quorum;
import sheepdog.protocol.model.Invariant;

/**
 * Which members vote: at most seven, of as many zones as possible, of those that hold data while there are any (R9), and
 * as few changes as possible. A witness votes too while those with data are an even number: with three votes each of two
 * hosts may be lost, and with an odd number of hosts its vote would only make a tie. Pure.
 */
final class VoterPolicy {
    static final int VOTERS_MAX = 7;

    private VoterPolicy() {}

    /**
     * @param before  the voters so far, in order
     * @param members of the new epoch, in order
     * @return store ids; those that stay keep their order, so that the one that breaks ties changes only when it must
     */
    static List<Long> choose(List<Long> before, List<Member> members) {
        List<Member> fit = members.stream().filter(VoterPolicy::holdsData).toList();
        List<Member> eligible = fit.isEmpty() ? members : fit;
        var chosen = new ArrayList<Member>();
        for (long id : before) {
            eligible.stream()
                    .filter(member -> member.storeId() == id && chosen.size() < VOTERS_MAX)
                    .findFirst()
                    .ifPresent(chosen::add);
        }
        var rest = new ArrayList<>(eligible);
        rest.removeAll(chosen);
        while (chosen.size() < VOTERS_MAX && !rest.isEmpty()) {
            Member next = loneliest(rest, chosen);
            chosen.add(next);
            rest.remove(next);
        }
        spread(chosen, rest);
        if (chosen.size() % 2 == 0) {
            witness(before, members, chosen).ifPresent(chosen::add);
        }
        return chosen.stream().map(Member::storeId).toList();
    }

    /** Or could, and still may: one that is being drained gets nothing new. */
    private static boolean holdsData(Member member) {
        return member.node().storesObjects() || member.node().space() > 0;
    }

    /** The one that has a vote already, else the first in another zone than all who vote, else the first. */
    private static Optional<Member> witness(List<Long> before, List<Member> members, List<Member> chosen) {
        return members.stream()
                .filter(member -> member.witness() && !chosen.contains(member))
                .min(Comparator.<Member, Boolean>comparing(member -> !before.contains(member.storeId()))
                        .thenComparing(member -> inZone(member, chosen) > 0));
    }

    /** Gives up a vote in the fullest zone for one in the emptiest, while that makes them more equal. */
    private static void spread(List<Member> chosen, List<Member> rest) {
        while (!rest.isEmpty()) {
            Member next = loneliest(rest, chosen);
            Optional<Member> crowded =
                    chosen.reversed().stream().max(Comparator.comparingLong(member -> inZone(member, chosen)));
            if (crowded.isEmpty() || inZone(crowded.get(), chosen) < inZone(next, chosen) + 2) {
                return;
            }
            chosen.remove(crowded.get());
            chosen.add(next);
            rest.remove(next);
        }
    }

    private static Member loneliest(List<Member> rest, List<Member> chosen) {
        return rest.stream()
                .min(Comparator.comparingLong(member -> inZone(member, chosen)))
                .orElseThrow();
    }

    private static long inZone(Member member, List<Member> chosen) {
        return chosen.stream()
                .filter(other -> other.node().zone() == member.node().zone())
                .count();
    }

    /** The voters with the one that breaks ties: the first that holds data, else the first. */
    static Quorum quorum(List<Long> voters, List<Member> members) {
        Invariant.check(!voters.isEmpty(), "no voters among %s", members);
        for (long voter : voters) {
            if (members.stream()
                    .anyMatch(
                            member -> member.storeId() == voter && member.node().storesObjects())) {
                return new Quorum(voters, voter);
            }
        }
        return new Quorum(voters, voters.getFirst());
    }
}
