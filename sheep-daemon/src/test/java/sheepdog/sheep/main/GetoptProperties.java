package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class GetoptProperties {
    private static final Getopt OPTIONS = new Getopt(
            "x",
            List.of(
                    new Getopt.Option('a', "alpha", false, true, ""),
                    new Getopt.Option('b', "beta", true, true, ""),
                    new Getopt.Option('B', "better", false, true, "")));

    @Property
    void noCommandLineIsTooStrangeAndAFaultIsTheLastItem(@ForAll("lines") List<String> words) {
        var items = OPTIONS.parse(words);

        for (int i = 0; i < items.size() - 1; i++) {
            assertThat(items.get(i)).isNotInstanceOf(Getopt.Item.Fault.class);
        }
    }

    @Property
    void oneWordOrTwoGiveTheSameValue(@ForAll("values") String value) {
        var expected = List.of(new Getopt.Item.Given(new Getopt.Option('b', "beta", true, true, ""), value));

        assertThat(OPTIONS.parse(List.of("-b", value))).isEqualTo(expected);
        assertThat(OPTIONS.parse(List.of("--beta", value))).isEqualTo(expected);
        assertThat(OPTIONS.parse(List.of("--beta=" + value))).isEqualTo(expected);
        if (!value.isEmpty()) {
            assertThat(OPTIONS.parse(List.of("-b" + value))).isEqualTo(expected);
        }
    }

    @Provide
    Arbitrary<List<String>> lines() {
        return Arbitraries.oneOf(
                        Arbitraries.strings().withChars("abBx-=").ofMaxLength(6),
                        Arbitraries.of("--", "-", "--alpha", "--be", "--bet", "--beta=1", "--better", "-ab", ""))
                .list()
                .ofMaxSize(6);
    }

    @Provide
    Arbitrary<String> values() {
        return Arbitraries.strings().ofMaxLength(8);
    }
}
