package sheepdog.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.wire.LostObject.Answer;

class RecoveryWireTest {
    private static String hex(ByteBuffer bytes) {
        byte[] all = new byte[bytes.remaining()];
        bytes.get(all);
        return HexFormat.of().formatHex(all);
    }

    @Test
    void aLimitIsLaidOutAsLaterVersionsHaveIt() {
        var limit = new RecoveryLimit(5, 0x1122);

        assertThat(hex(limit.encode()))
                .isEqualTo("05000000" + "00000000" + "2211000000000000" + "01" + "00000000000000");
        assertThat(RecoveryLimit.read(limit.encode())).isEqualTo(limit);
        assertThat(hex(RecoveryLimit.NONE.encode())).isEqualTo("00".repeat(24));
    }

    @Test
    void answersAboutLostObjectsComeBackAsTheyWere() {
        var answers = List.of(
                new LostObject(Answer.LOST, new Epoch(7), 2),
                new LostObject(Answer.NOT_WAITING, Epoch.NONE, LostObject.NOBODY));

        assertThat(hex(LostObject.encode(answers))).isEqualTo("0700000002000000" + "00000000ffff0100");
        assertThat(LostObject.readAll(LostObject.encode(answers))).isEqualTo(answers);
    }

    @Test
    void anAnswerWithoutANameIsRefused() {
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex("0700000002000900"));

        assertThatThrownBy(() -> LostObject.readAll(bytes)).isInstanceOf(IllegalArgumentException.class);
    }
}
