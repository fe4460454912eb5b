using IngressReconciler.Facts;
using IngressReconciler.Tests.Harness.Fuzz;
using Xunit;

namespace IngressReconciler.Tests.Unit.Fuzz;

/// <summary>Any bytes as <c>tls.crt</c> and <c>tls.key</c>: refused in words, or made anew into what is the same when it is judged once
/// more.</summary>
public sealed class BundleFuzz
{
    private static readonly string[] Lines =
    [
        "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----",
    ];

    [Fact]
    public void Any_pair_is_refused_in_words_or_made_anew() =>
        FuzzRun.Run("tests/Unit/Fuzz/corpus/pairs", Pairs.Good("fuzz.example"), 200, Try, Pairs.Mutate);

    private static void Try(byte[] input)
    {
        var (chain, key) = Pairs.Split(input);
        var now = DateTimeOffset.UtcNow;
        if (!PemBundle.TryMake(chain, key, now, out var bundle, out var refusal))
        {
            Assert.DoesNotContain(refusal.ToString(), char.IsControl);
            Assert.InRange(refusal.ToString().Length, 1, 1_000);
            return;
        }

        Assert.InRange(bundle.Text.Length, 1, PemBundle.MostCharacters);
        Assert.All(bundle.Text.Split('\n')[..^1], line => Assert.True(Lines.Contains(line) || IsBase64(line)));
        Assert.True(PemBundle.TryMake(bundle.Text, bundle.Text, now, out var again, out refusal), $"{refusal}");
        Assert.Equal(bundle.Text, again!.Text);
    }

    private static bool IsBase64(string line) =>
        line.Length is > 0 and <= 64 && line.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '/' or '=');
}
