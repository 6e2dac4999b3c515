package sheepdog.it.mutants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The planted bugs fit the sources as they are now. */
class MutantsTest {
    private static final Path PROJECT = Path.of("").toAbsolutePath().getParent();
    private static final Path FOLDER = PROJECT.resolve("it-tests/mutants");

    @Test
    void everyMutantStillApplies() {
        assertThat(Mutant.all(FOLDER))
                .allSatisfy(mutant -> assertThat(mutant.apply(PROJECT)).isNotEmpty());
    }

    @Test
    void everyPromiseOfReliabilityHasAMutant() {
        var covered = Mutant.all(FOLDER).stream().map(Mutant::invariant).collect(Collectors.toSet());

        assertThat(covered).contains("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I11", "I13", "I14");
    }

    @Test
    void everyTestThatHuntsIsThere() {
        assertThat(Mutant.all(FOLDER))
                .filteredOn(mutant -> mutant.hunter() == Mutant.Hunter.TEST)
                .allSatisfy(mutant -> {
                    String source = "src/test/java/" + mutant.among().replace('.', '/') + ".java";
                    assertThat(List.of("object-store", "cluster-membership", "sheep-daemon", "it-tests"))
                            .anyMatch(module ->
                                    Files.exists(PROJECT.resolve(module).resolve(source)));
                });
    }

    @Test
    void mutantWhoseTextIsGoneSaysSo() {
        var gone = new Mutant(
                "gone", "I1", "-", Mutant.Hunter.LOG, "", List.of(new Mutant.Edit("pom.xml", "no such text", "")));

        assertThatThrownBy(() -> gone.apply(PROJECT)).hasMessageContaining("gone no longer applies");
    }
}
