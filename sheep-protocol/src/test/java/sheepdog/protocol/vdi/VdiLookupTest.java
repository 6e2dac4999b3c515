package sheepdog.protocol.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.VdiLookup.Entry;
import sheepdog.protocol.vdi.VdiLookup.Result;

class VdiLookupTest {
    private static final VdiName A = VdiName.of("a");
    private static final int FIRST = 0x1ec8c;

    private final TreeMap<Integer, Optional<Entry>> entries = new TreeMap<>();

    @Test
    void aNameThatIsNotThereIsMissing() {
        assertThat(find("", 0)).isEqualTo(new Result.Missing(ResultCode.NO_VDI, 1, Optional.empty()));
    }

    @Test
    void theWorkingVdiIsFoundByItsName() {
        snapshot("a", "tag", 1);
        working("a", 2);

        assertThat(find("", 0)).isEqualTo(new Result.Found(vid(1), 2));
    }

    @Test
    void aSnapshotIsFoundByItsTag() {
        snapshot("a", "one", 1);
        snapshot("a", "two", 2);
        working("a", 3);

        assertThat(find("one", 0)).isEqualTo(new Result.Found(vid(0), 1));
    }

    @Test
    void aSnapshotIsFoundByItsId() {
        snapshot("a", "one", 1);
        snapshot("a", "two", 2);
        working("a", 3);

        assertThat(find("", 2)).isEqualTo(new Result.Found(vid(1), 2));
    }

    @Test
    void theWorkingVdiIsNoSnapshotWhateverItsId() {
        working("a", 1);

        assertThat(find("", 1)).isEqualTo(new Result.Missing(ResultCode.NO_TAG, 1, Optional.empty()));
        assertThat(find("nosuch", 0)).isEqualTo(new Result.Missing(ResultCode.NO_TAG, 1, Optional.empty()));
    }

    @Test
    void anEmptyTagMatchesNothing() {
        snapshot("a", "", 1);
        working("a", 2);

        assertThat(find("", 5)).isInstanceOf(Result.Missing.class);
    }

    @Test
    void aDeletedWorkingVdiLeavesItsSnapshotsNumbersTaken() {
        snapshot("a", "one", 4);
        deleted();

        assertThat(find("", 0)).isEqualTo(new Result.Missing(ResultCode.NO_VDI, 5, Optional.of(vid(1))));
        assertThat(find("one", 0)).isEqualTo(new Result.Found(vid(0), 4));
    }

    @Test
    void theVidOfADeletedVdiIsGivenAgain() {
        deleted();
        deleted();

        assertThat(find("", 0)).isEqualTo(new Result.Missing(ResultCode.NO_VDI, 1, Optional.of(vid(0))));
    }

    @Test
    void namesThatMerelyBeginAlikeAreOthers() {
        working("ab", 1);
        working("", 1);

        assertThat(find("", 0)).isEqualTo(new Result.Missing(ResultCode.NO_VDI, 1, Optional.of(vid(1))));
    }

    @Test
    void aVidWithoutAnEntryIsPassed() {
        working("a", 1);
        entries.put(FIRST + 1, Optional.empty());

        assertThat(find("", 0)).isEqualTo(new Result.Found(vid(0), 1));
    }

    private Result find(String tag, int snapId) {
        VidProbe.Run run = VidProbe.run(A, entries::containsKey);
        return VdiLookup.find(A, VdiName.of(tag), snapId, run, vid -> entries.get(vid.value()));
    }

    private void working(String name, int snapId) {
        add(new Entry(VdiName.of(name), VdiName.EMPTY, snapId, false));
    }

    private void snapshot(String name, String tag, int snapId) {
        add(new Entry(VdiName.of(name), VdiName.of(tag), snapId, true));
    }

    private void deleted() {
        add(new Entry(VdiName.EMPTY, VdiName.EMPTY, 1, false));
    }

    private void add(Entry entry) {
        entries.put(FIRST + entries.size(), Optional.of(entry));
    }

    private static Vid vid(int place) {
        return new Vid(FIRST + place);
    }
}
