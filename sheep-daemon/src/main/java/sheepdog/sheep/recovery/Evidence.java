package sheepdog.sheep.recovery;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.wire.Response.ObjectState;
import sheepdog.protocol.wire.Response.ObjectState.Kind;
import sheepdog.sheep.cluster.ReplicaSet;

/**
 * Finds out from what stores say of an object what its newest content is (R4). Pure; one object, one epoch.
 *
 * <p>A mutation is acknowledged only when every replica of its epoch has it and could be sure, before, of the object's
 * newest content. A store keeps the epoch of what it has, be it a copy or the memory of a removal. So:
 *
 * <ul>
 *   <li>A store is <em>sure up to</em> an epoch that it has something of: it has all that was acknowledged up to the end
 *       of it. If it is a replica of the next epoch that counts, too, it is sure up to that one; and so it is if it has
 *       recovered in an epoch whose replica it was.
 *   <li>Who is sure up to the latest epoch has the newest content, if for each later epoch some replica of it has
 *       answered: that one has nothing of that epoch, so nothing was acknowledged in it.
 * </ul>
 *
 * <p>A copy that is behind need not be another one: if nobody changed the newest since the epoch that it is of, and
 * neither is marked, both are the same. For it had all that was acknowledged up to then, a mark would tell of what was
 * not, and settling a marked copy counts as changing it.
 *
 * <p>Stores that an operator has declared gone for good are waited for no more: where an epoch lacks a witness and one of its
 * replicas is gone, the newest of what all the others have counts.
 *
 * <p>It does not matter whether these are one store or many. Where they do not suffice, one of the {@link #missing} must
 * answer first; nothing older is taken.
 *
 * <p>An operator may declare the object {@link Lost} in an epoch: who is not a member of it is not believed about anything
 * before it any more. As long as nobody is sure up to that epoch or a later one, all its members that ever were replicas must
 * answer, and what is of the latest epoch among that is the newest: a change in a later one would have left its epoch there.
 * So whoever judges finds the same, and what he finds carries a later epoch than anything that is overruled. If they
 * have nothing the object does not exist.
 */
final class Evidence {
    private final List<ReplicaSet> epochs;
    private final boolean newborn;
    private final Epoch current;
    private final BiPredicate<Long, Epoch> recovered;
    private final Optional<Lost> lost;
    private final Set<Long> gone;
    private final Map<Long, ObjectState> answers = new LinkedHashMap<>();

    /**
     * That the object was declared lost.
     *
     * @param epoch  in which; the first of those that count, and nobody is sure up to it by having been there
     * @param judges its members that were replicas at any time
     * @param born   what is older than this is another object's
     */
    record Lost(Epoch epoch, Set<Long> judges, Epoch born) {}

    /** What the newest content is. */
    sealed interface Verdict {
        /** One of these stores has it. */
        record Copy(Set<Long> holders) implements Verdict {}

        /**
         * Who relies on it has to remember it, as one remembers a removal: it may be read from now on, though a write or a
         * removal that was not acknowledged is somewhere, which must not be found later.
         *
         * @param marked whether somebody who knows of the absence has it marked as in flight
         */
        record Absence(boolean marked) implements Verdict {}
    }

    /**
     * @param epochs    those that count, the oldest first. In the first one all replicas had the newest content, or the
     *                  object did not exist before it, or it was declared lost
     * @param newborn   the latter
     * @param current   the present epoch; one that does not count if it is not the last of {@code epochs}
     * @param recovered whether a store had in an epoch all that it was a replica of
     * @param lost      the operator's word, if it still matters
     */
    Evidence(
            List<ReplicaSet> epochs,
            boolean newborn,
            Epoch current,
            BiPredicate<Long, Epoch> recovered,
            Optional<Lost> lost) {
        this(epochs, newborn, current, recovered, lost, Set.of());
    }

    /** @param gone stores that will never answer */
    Evidence(
            List<ReplicaSet> epochs,
            boolean newborn,
            Epoch current,
            BiPredicate<Long, Epoch> recovered,
            Optional<Lost> lost,
            Set<Long> gone) {
        this.gone = gone;
        this.epochs = epochs;
        this.newborn = newborn;
        this.current = current;
        this.recovered = recovered;
        this.lost = lost;
    }

    void add(long storeId, ObjectState state) {
        answers.put(storeId, state);
    }

    /** The stores whose answers matter, those of the latest epochs first. */
    Set<Long> witnesses() {
        var stores = new LinkedHashSet<Long>();
        epochs.reversed().forEach(set -> stores.addAll(set.stores()));
        lost.ifPresent(l -> l.judges().stream().sorted().forEach(stores::add));
        return stores;
    }

    /** Whether a store is sure of what it has in the current epoch, whatever that is. */
    boolean isSure(long storeId) {
        var nothing = new ObjectState(null, Kind.NOTHING, Epoch.NONE, false, Epoch.NONE, Epoch.NONE);
        return !newborn
                && !epochs.isEmpty()
                && epochs.getLast().epoch().equals(current)
                && sureUpTo(storeId, nothing).equals(current);
    }

    /** Empty as long as nobody can be sure. */
    Optional<Verdict> verdict() {
        return Optional.of(latest())
                .filter(latest -> unheard(latest).isEmpty())
                .flatMap(this::contentOf)
                .or(this::newestOfWhatIsThere);
    }

    /** Whether the verdict, if there is one, relies on the operator's word: nobody has judged since. */
    boolean isByDeclaration() {
        return isByDeclaration(latest());
    }

    private boolean isByDeclaration(Epoch latest) {
        return lost.filter(l -> latest.isBefore(l.epoch())).isPresent();
    }

    /** The epoch of the newest copy among {@code holders}. */
    Epoch epochOf(Set<Long> holders) {
        return holders.stream()
                .map(s -> answers.get(s).epoch())
                .max(Epoch::compareTo)
                .orElse(Epoch.NONE);
    }

    private Optional<Verdict> newestOfWhatIsThere() {
        boolean all = witnesses().stream().allMatch(s -> gone.contains(s) || answers.containsKey(s));
        if (!all || epochs.stream().noneMatch(this::hasGone)) {
            return Optional.empty();
        }
        Epoch latest = latest();
        return unheard(latest).stream().allMatch(this::hasGone)
                ? contentOf(latest).or(() -> Optional.of(newestByItself()))
                : Optional.empty();
    }

    private boolean hasGone(ReplicaSet set) {
        return set.stores().stream().anyMatch(gone::contains);
    }

    /** All who were sure are gone: nothing is left to go by but the epochs of what there is. */
    private Verdict newestByItself() {
        Epoch newest = answers.values().stream()
                .filter(state -> state.kind() != Kind.NOTHING)
                .map(ObjectState::epoch)
                .max(Epoch::compareTo)
                .orElse(Epoch.NONE);
        var holders = new HashSet<Long>();
        boolean marked = false;
        for (var answer : answers.entrySet()) {
            ObjectState state = answer.getValue();
            boolean isNewest = state.kind() != Kind.NOTHING && state.epoch().equals(newest);
            if (isNewest && state.kind() == Kind.COPY) {
                holders.add(answer.getKey());
            }
            marked |= state.marked() && (isNewest || newest.equals(Epoch.NONE));
        }
        return holders.isEmpty() ? new Verdict.Absence(marked) : new Verdict.Copy(Set.copyOf(holders));
    }

    /**
     * Whether the copy that a store has is the newest content byte by byte, as one of the holders has it. Both have
     * answered.
     */
    boolean isSame(long storeId, long holderId) {
        ObjectState state = answers.get(storeId);
        ObjectState newest = answers.get(holderId);
        return isCopy(state)
                && !state.marked()
                && !newest.marked()
                && !state.epoch().isBefore(newest.mutated())
                && !state.epoch().isBefore(mutatedAtLeast())
                && (!newborn || !sureUpTo(storeId, state).isBefore(newest.mutated()));
    }

    /** What is found counts as mutated in this epoch, if not later: those overruled may have what is newer than it. */
    Epoch mutatedAtLeast() {
        return lost.map(Lost::epoch).orElse(Epoch.NONE);
    }

    /** Sets of stores, each of which one must answer before there can be a verdict; empty if there is one. */
    List<ReplicaSet> missing() {
        Epoch latest = latest();
        var unheard = unheard(latest);
        return unheard.isEmpty() && contentOf(latest).isEmpty() ? List.of(epochs.getFirst()) : unheard;
    }

    private List<ReplicaSet> unheard(Epoch latest) {
        if (!isByDeclaration(latest)) {
            return unwitnessed(latest);
        }
        Epoch declared = lost.orElseThrow().epoch();
        var unheard = new ArrayList<ReplicaSet>();
        lost.get().judges().stream()
                .sorted()
                .filter(store -> !hasNothingOf(store, declared))
                .forEach(store -> unheard.add(new ReplicaSet(declared, Set.of(store))));
        unheard.addAll(unwitnessed(declared));
        return unheard;
    }

    /** The latest epoch that some store is sure up to. */
    private Epoch latest() {
        return answers.entrySet().stream()
                .map(e -> sureUpTo(e.getKey(), e.getValue()))
                .max(Epoch::compareTo)
                .orElse(Epoch.NONE);
    }

    private List<ReplicaSet> unwitnessed(Epoch latest) {
        return epochs.stream()
                .filter(set -> latest.isBefore(set.epoch()))
                .filter(set -> set.stores().stream().noneMatch(s -> hasNothingOf(s, set.epoch())))
                .toList();
    }

    private boolean hasNothingOf(long storeId, Epoch epoch) {
        ObjectState state = answers.get(storeId);
        return state != null
                && (state.kind() != Kind.NOTHING || state.forgotten().isBefore(epoch));
    }

    private Optional<Verdict> contentOf(Epoch latest) {
        if (isByDeclaration(latest)) {
            return Optional.of(newestOf(lost.orElseThrow()));
        }
        if (latest.equals(Epoch.NONE)) {
            return newborn ? Optional.of(new Verdict.Absence(false)) : Optional.empty();
        }
        var holders = new HashSet<Long>();
        boolean marked = false;
        for (var answer : answers.entrySet()) {
            if (sureUpTo(answer.getKey(), answer.getValue()).equals(latest)) {
                if (isCopy(answer.getValue())) {
                    holders.add(answer.getKey());
                } else {
                    marked |= answer.getValue().marked();
                }
            }
        }
        return Optional.of(holders.isEmpty() ? new Verdict.Absence(marked) : new Verdict.Copy(Set.copyOf(holders)));
    }

    /** An absence is remembered, for others must find it. */
    private Verdict newestOf(Lost word) {
        var found = word.judges().stream()
                .filter(s -> answers.get(s).kind() != Kind.NOTHING)
                .filter(s -> !answers.get(s).epoch().isBefore(word.born()))
                .toList();
        var newest = found.stream().map(s -> answers.get(s).epoch()).max(Epoch::compareTo);
        var holders = found.stream()
                .filter(s -> answers.get(s).epoch().equals(newest.orElseThrow()))
                .filter(s -> answers.get(s).kind() == Kind.COPY)
                .collect(Collectors.toUnmodifiableSet());
        boolean marked = found.stream().anyMatch(s -> answers.get(s).marked());
        return holders.isEmpty() ? new Verdict.Absence(marked) : new Verdict.Copy(holders);
    }

    /** A copy from before the object's birth is one of an earlier object of that id. */
    private boolean isCopy(ObjectState state) {
        return state.kind() == Kind.COPY && !(newborn && isBeforeAll(state.epoch()));
    }

    private boolean isBeforeAll(Epoch epoch) {
        return epochs.isEmpty() || epoch.isBefore(epochs.getFirst().epoch());
    }

    /** What it has of an epoch whose replica it was not is of an earlier object of that id. */
    private Epoch sureUpTo(long storeId, ObjectState state) {
        Epoch sure = Epoch.NONE;
        Epoch before = Epoch.NONE;
        for (ReplicaSet set : epochs) {
            if (set.stores().contains(storeId)) {
                boolean has = state.kind() != Kind.NOTHING && state.epoch().equals(set.epoch());
                boolean had = before.equals(Epoch.NONE) ? lost.isEmpty() : !sure.isBefore(before);
                if (has || had || recovered.test(storeId, set.epoch())) {
                    sure = set.epoch();
                }
            }
            before = set.epoch();
        }
        return sure;
    }
}
