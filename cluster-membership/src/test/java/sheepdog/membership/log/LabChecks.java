package sheepdog.membership.log;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import sheepdog.membership.api.ClusterLog.Position;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.Consensus;
import sheepdog.protocol.model.Outcome;

/**
 * What must hold after every event, whatever happens: one leader per term, one sequence of entries, no committed entry
 * that a later leader lacks, one record per epoch number, nothing applied twice, leases of one term and one epoch at a
 * time, and none of a process that an applied epoch leaves out; no process begins with an older epoch than the one before.
 */
final class LabChecks {
    private final Lab lab;
    private final Map<Long, Long> leaders = new HashMap<>();
    private final TreeMap<Long, String> entries = new TreeMap<>();
    private final TreeMap<Long, Long> terms = new TreeMap<>();
    private final Map<Lab.Life, Long> leading = new HashMap<>();
    private final Map<String, EpochRecord> epochs = new HashMap<>();
    private final Map<String, Long> appliedAt = new HashMap<>();
    private final Set<String> proposed = new HashSet<>();
    private final Map<String, String> answers = new HashMap<>();
    private final TreeMap<Long, String> commandAt = new TreeMap<>();
    private Runnable onAnswer;
    private int formats;
    private EpochRecord newest;
    private Position newestAt = new Position(0, 0);

    LabChecks(Lab lab) {
        this.lab = lab;
    }

    void proposed(String command) {
        if (!proposed.add(command)) {
            throw new AssertionError("proposed twice by the test: " + command);
        }
    }

    /** What happens at the moment the next command is answered; null for nothing. */
    void onNextAnswer(Runnable then) {
        onAnswer = then;
    }

    void answered(String command, Outcome<byte[]> outcome) {
        if (outcome.isOk()) {
            String answer = new String(value(outcome));
            check(answer.equals("result of " + command), "answer %s to %s", answer, command);
            check(appliedAt.containsKey(command), "%s answered before it was applied", command);
        }
        check(answers.put(command, outcome.code().name()) == null, "%s answered twice", command);
        if (onAnswer != null && outcome.isOk()) {
            Runnable then = onAnswer;
            onAnswer = null;
            lab.at(lab.now(), then);
        }
    }

    private static byte[] value(Outcome<byte[]> outcome) {
        return switch (outcome) {
            case Outcome.Ok<byte[]> ok -> ok.value();
            case Outcome.Refused<byte[]> _ -> new byte[0];
        };
    }

    boolean wasAnswered(String command) {
        return answers.containsKey(command);
    }

    void applied(Lab.Life life, Position position, String command) {
        same(life, position, command);
        if (!command.startsWith("started")) {
            Long before = appliedAt.putIfAbsent(command, position.index());
            check(before == null || before == position.index(), "%s applied at %s and %s", command, before, position);
            commandAt.put(position.index(), command);
        }
    }

    private void same(Lab.Life life, Position position, String what) {
        String before = entries.putIfAbsent(position.index(), what);
        check(
                before == null || before.equals(what) || what.startsWith("epoch") || before.startsWith("epoch"),
                "%s applied %s at %s where %s was applied",
                life,
                what,
                position,
                before);
        Long term = terms.putIfAbsent(position.index(), position.term());
        check(term == null || term == position.term(), "%s has another term at %s: %s", life, position, term);
    }

    void epoch(Lab.Life life, Position position, EpochRecord record) {
        same(life, position, "epoch " + record.epoch());
        String key = position.index() + "";
        EpochRecord known = epochs.putIfAbsent(key, record);
        check(known == null || sameNodes(known, record), "%s has %s at %s, others %s", life, record, position, known);
        if (position.index() > newestAt.index()) {
            if (record.epoch().number() == 1) {
                formats++;
            }
            String number = formats + "#" + record.epoch();
            check(epochs.put(number, record) == null, "two records of epoch %s", number);
            newest = record;
            newestAt = position;
            lab.tell("epoch " + record.epoch() + " " + record.members() + " voters " + record.voters() + " by " + life);
        }
    }

    private static boolean sameNodes(EpochRecord a, EpochRecord b) {
        return a.epoch().equals(b.epoch())
                && a.nodes().equals(b.nodes())
                && a.voters().equals(b.voters())
                && a.timeSeconds() == b.timeSeconds();
    }

    void restored(Lab.Life life, Position position, List<String> commands) {
        var expected = new ArrayList<>(commandAt.headMap(position.index(), true).values());
        check(commands.equals(expected), "%s restored at %s: %s, expected %s", life, position, commands, expected);
    }

    /** The commands applied anywhere, in order. */
    List<String> history() {
        return List.copyOf(commandAt.values());
    }

    EpochRecord newest() {
        return newest;
    }

    void afterEvent() {
        long leaseTerm = -1;
        Lab.Life holder = null;
        for (Lab.Life life : lab.alive()) {
            Consensus core = life.log.core();
            if (core == null) {
                continue;
            }
            if (core.role() == Consensus.Role.LEADER) {
                leads(life, core);
            }
            long epochIndex = life.machine.epochIndex;
            check(
                    epochIndex == 0 || epochIndex >= life.box.epochIndex,
                    "%s went back from the epoch of entry %d to that of %d",
                    life,
                    life.box.epochIndex,
                    epochIndex);
            life.box.epochIndex = Math.max(epochIndex, life.box.epochIndex);
            if (life.log.holdsLease()) {
                check(
                        leaseTerm == -1 || leaseTerm == core.term(),
                        "leases of two terms: %s in %d, %s in %d",
                        holder,
                        leaseTerm,
                        life,
                        core.term());
                check(
                        holder == null
                                || holder.epoch().epoch().equals(life.epoch().epoch()),
                        "leases in two epochs: %s in %s, %s in %s",
                        holder,
                        holder == null ? "" : holder.epoch(),
                        life,
                        life.epoch());
                leaseTerm = core.term();
                holder = life;
                if (newest != null) {
                    check(
                            newest.members().stream().anyMatch(member -> member.storeId() == life.member.storeId()),
                            "%s holds a lease but epoch %s is without it",
                            life,
                            newest);
                }
            }
        }
    }

    private void leads(Lab.Life life, Consensus core) {
        Long term = leading.get(life);
        if (term != null && term == core.term()) {
            return;
        }
        leading.put(life, core.term());
        Member member = life.member;
        Long other = leaders.putIfAbsent(core.term(), member.storeId());
        check(other == null || other == member.storeId(), "two leaders of term %d", core.term());
        lab.tell(life + " leads term " + core.term());
        for (var committed : terms.entrySet()) {
            var mine = core.termAt(committed.getKey());
            boolean compacted =
                    mine.isEmpty() && committed.getKey() <= core.snapshot().index();
            check(
                    compacted || mine.isPresent() && mine.get().equals(committed.getValue()),
                    "leader %s lacks committed entry %s, has %s",
                    life,
                    committed,
                    mine);
        }
    }

    private static void check(boolean holds, String format, Object... values) {
        if (!holds) {
            throw new AssertionError(format.formatted(values));
        }
    }
}
