package sheepdog.protocol.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VdiNameTest {
    @Test
    void namesAreKeptInUtf8() {
        assertThat(VdiName.of("ä").bytes()).containsExactly(0xc3, 0xa4);
        assertThat(VdiName.of("ä")).hasToString("ä");
    }

    @Test
    void namesThatAreNotUtf8AreShownWithReplacements() {
        assertThat(new VdiName("a\u00ff")).hasToString("a\ufffd");
    }

    @Test
    void namesOf255BytesFit() {
        assertThat(VdiName.fits("x".repeat(255))).isTrue();
        assertThat(VdiName.fits("x".repeat(256))).isFalse();
        assertThat(VdiName.fits("ä".repeat(128))).isFalse();
        assertThat(VdiName.fits("a\0b")).isFalse();
        assertThat(VdiName.of("x".repeat(255)).isTerminated()).isTrue();
    }
}
