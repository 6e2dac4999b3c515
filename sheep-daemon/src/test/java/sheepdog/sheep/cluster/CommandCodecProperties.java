package sheepdog.sheep.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;

class CommandCodecProperties {
    @Property
    void whatWasEncodedIsDecodedTheSame(@ForAll("commands") ClusterCommand command) {
        assertThat(CommandCodec.decode(CommandCodec.encode(command))).isEqualTo(command);
    }

    @Property
    void aShorterOrLongerEntryIsRefused(@ForAll("commands") ClusterCommand command, @ForAll byte more) {
        byte[] bytes = CommandCodec.encode(command);
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        longer[bytes.length] = more;

        assertThatThrownBy(() -> CommandCodec.decode(longer)).isInstanceOf(CommandCodec.UnknownCommandException.class);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> CommandCodec.decode(cut)).isInstanceOf(CommandCodec.UnknownCommandException.class);
        }
    }

    @Property
    void garbageIsACommandOrRefusedByName(@ForAll byte[] garbage) {
        try {
            assertThat(CommandCodec.decode(garbage)).isNotNull();
        } catch (CommandCodec.UnknownCommandException refused) {
            assertThat(refused).hasMessageContaining("log entry");
        }
    }

    @Property
    void garbageBehindARightHeadIsACommandOrRefusedByName(@ForAll("types") int type, @ForAll byte[] garbage) {
        byte[] bytes = new byte[garbage.length + 2];
        bytes[0] = CommandCodec.VERSION;
        bytes[1] = (byte) type;
        System.arraycopy(garbage, 0, bytes, 2, garbage.length);
        garbageIsACommandOrRefusedByName(bytes);
    }

    @Property
    void resultsComeBackAsTheyWere(
            @ForAll ResultCode code,
            @ForAll("vids") Vid vid,
            @ForAll("vids") Vid other,
            @ForAll long n,
            @ForAll int c) {
        var result = new CommandResult(code, vid, other, n, c);

        assertThat(CommandResult.decode(result.encode())).isEqualTo(result);
    }

    @Provide
    Arbitrary<Integer> types() {
        return Arbitraries.integers().between(0, 20);
    }

    @Provide
    Arbitrary<Vid> vids() {
        return Arbitraries.integers().between(0, Vid.COUNT - 1).map(Vid::new);
    }

    @Provide
    Arbitrary<ClusterCommand> commands() {
        var longs = Arbitraries.longs();
        var ints = Arbitraries.integers();
        var vids = vids();
        var names = Arbitraries.strings().withCharRange('\1', '\u00ff').ofMaxLength(256);
        return Arbitraries.<ClusterCommand>oneOf(
                Combinators.combine(longs, ints, ints, names).as(ClusterCommand.Format::new),
                Arbitraries.of(new ClusterCommand.Shutdown(), new ClusterCommand.Barrier()),
                Combinators.combine(names, vids, Arbitraries.of(true, false), ints, longs, longs, longs)
                        .as(ClusterCommand.ReserveVdi::new),
                Combinators.combine(vids, longs, longs, names).as(ClusterCommand.CommitVdi::new),
                Combinators.combine(vids, longs).as(ClusterCommand.AbortVdi::new),
                Combinators.combine(names, names, ints).as(ClusterCommand.DeleteVdi::new),
                Combinators.combine(vids, longs).as(ClusterCommand.ReclaimedVdi::new),
                Combinators.combine(vids, longs, longs, longs).as(ClusterCommand.TakeOwner::new),
                Combinators.combine(vids, longs).as(ClusterCommand.ReleaseOwner::new),
                Combinators.combine(vids, longs).as(ClusterCommand.SettledVdi::new),
                Combinators.combine(longs, ints.map(Epoch::new), ints).as(ClusterCommand.RecoveredStore::new),
                Combinators.combine(longs, Arbitraries.of(true, false)).as(ClusterCommand.DrainStore::new),
                longs.map(ClusterCommand.FillStore::new),
                Arbitraries.of(true, false).map(ClusterCommand.SetRecovery::new),
                Combinators.combine(
                                ints.map(Epoch::new),
                                longs.map(ObjectId::new).list().ofMaxSize(5))
                        .as(ClusterCommand.LostObjects::new));
    }
}
