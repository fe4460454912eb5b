Console.WriteLine("ingress-reconciler");
