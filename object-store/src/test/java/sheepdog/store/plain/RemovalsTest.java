package sheepdog.store.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Vid;
import sheepdog.store.meta.MetaBatch;

class RemovalsTest {
    private static final ObjectId OID = ObjectId.ofData(new Vid(7), 0);
    private static final Epoch SECOND = Epoch.FIRST.next();

    private final SimMachine machine = new SimMachine();
    private final Removals removals = new Removals(machine.meta, new ObjectTable(machine.meta, 4));

    private void note(Epoch epoch) throws IOException {
        var batch = new MetaBatch();
        removals.note(batch, OID, epoch);
        machine.meta.apply(batch);
    }

    @Test
    void removalThatComesBetweenLookingAndDeletingIsKept() throws IOException {
        note(Epoch.FIRST);
        assertThat(removals.forget(Epoch.FIRST)).isTrue();
        assertThat(removals.page(Optional.empty(), 9).forgettable()).containsExactly(OID);

        machine.meta.apply(new MetaBatch().delete(MetaKeys.removal(OID)));
        note(SECOND);
        removals.deleteForgotten(OID);

        assertThat(removals.newest(OID)).contains(SECOND);
        assertThat(removals.covers(OID, SECOND)).isTrue();
        assertThat(removals.covers(OID, SECOND.next())).isFalse();
    }

    @Test
    void whatIsToBeForgottenIsNoAnswerThoughItIsStillThere() throws IOException {
        note(Epoch.FIRST);

        removals.forget(Epoch.FIRST);

        assertThat(machine.meta.get(MetaKeys.removal(OID))).isPresent();
        assertThat(removals.newest(OID)).isEmpty();
        assertThat(removals.covers(OID, Epoch.FIRST)).isTrue();
    }

    @Test
    void olderMemoryGoesWithARemovalThatIsForgottenAtOnce() throws IOException {
        note(Epoch.FIRST);
        removals.forget(SECOND);

        note(SECOND);

        assertThat(machine.meta.get(MetaKeys.removal(OID))).isEmpty();
    }

    @Test
    void formatEndsAForgettingUnderWay() throws IOException {
        note(SECOND);
        removals.forget(SECOND);
        assertThat(removals.page(Optional.empty(), 9).forgettable()).containsExactly(OID);

        removals.clear();
        removals.deleteForgotten(OID);

        assertThat(removals.newest(OID)).contains(SECOND);
        assertThat(removals.forget(Epoch.FIRST)).isTrue();
    }

    @Test
    void forgettingNeverGoesBack() throws IOException {
        assertThat(removals.forget(SECOND)).isTrue();

        assertThat(removals.forget(Epoch.FIRST)).isFalse();
        assertThat(removals.forget(SECOND)).as("tried again").isTrue();

        note(SECOND);
        assertThat(removals.newest(OID)).isEmpty();
    }
}
